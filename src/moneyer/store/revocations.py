"""What was ended before its time, and when: read across institutions, by those who tell gateways."""

from typing import Literal, NamedTuple

EndedKind = Literal["token", "family", "customer", "consent"]


class Ended(NamedTuple):
    """One thing that opens nothing any more, from the instant `at` on.

    `name` is the token's `jti`, the family's id in hexadecimal as tokens have it for `sid`, or the
    customer's id: of a customer only what was struck before `at` has ended, of a consent likewise and
    what `client_id` received alone. `client_id` is "" where it is not known.
    """

    kind: EndedKind
    institution_id: str
    name: str
    client_id: str
    at: int


def select_ended(place: str, family_id: str) -> str:
    """The statement that reads everything that ended after the instant at `place`, which stands in it
    four times. `family_id` is how the engine writes that column in hexadecimal."""

    def part(kind: EndedKind, table: str, name: str, client_id: str, at: str) -> str:
        return (
            f"SELECT '{kind}', institution_id, {name}, {client_id}, {at} FROM {table}"
            f" WHERE {at} > 0 AND {at} > {place}"
        )

    return " UNION ALL ".join(
        (
            part("token", "revoked_tokens", "token_id", "''", "revoked_at"),
            part("family", "families", family_id, "client_id", "revoked_at"),
            part("customer", "customers", "customer_id", "''", "tokens_not_before"),
            part("consent", "consents", "customer_id", "client_id", "withdrawn_at"),
        )
    )
