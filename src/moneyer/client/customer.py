"""Whom an API call is about, where the token is an institution's."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Customer:
    """The query parameters that name a customer."""

    parameters: tuple[tuple[str, str], ...]


NAMES = frozenset({"hostUserId", "loginId", "institutionCustomerId"})


def customer(
    *,
    host_user_id: str | None = None,
    login_id: str | None = None,
    institution_customer_id: str | None = None,
) -> Customer:
    """A customer by `hostUserId` or by `loginId`, never both; a business customer by `loginId`, with
    the business entity as `institutionCustomerId`. Raises ValueError for any other combination."""
    if (host_user_id is None) is (login_id is None):
        raise ValueError("a customer is named by host_user_id or by login_id, never by both")
    if host_user_id is not None and institution_customer_id is not None:
        raise ValueError("institution_customer_id goes with login_id")
    given = {
        "hostUserId": host_user_id,
        "loginId": login_id,
        "institutionCustomerId": institution_customer_id,
    }
    return Customer(tuple((name, value) for name, value in given.items() if value is not None))
