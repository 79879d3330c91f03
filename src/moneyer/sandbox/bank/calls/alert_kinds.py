"""The kinds of alert there are, and what an institution made of them."""

from typing import Literal, NamedTuple

from moneyer.sandbox.bank.books.books import Books

Channel = Literal["EMAIL", "SMS", "PUSH"]
CHANNELS: tuple[Channel, ...] = ("EMAIL", "SMS", "PUSH")


class AlertKind(NamedTuple):
    """`threshold` says that it needs an amount; `domain` from which events it comes."""

    number: int
    name: str
    title: str
    category: str
    domain: Literal["ACCOUNT", "TRANSACTION", "NOTIFICATION"]
    description: str
    threshold: bool = False


KINDS = {
    kind.name: kind
    for kind in (
        AlertKind(
            1,
            "LOW_BALANCE",
            "Low balance",
            "BALANCE",
            "ACCOUNT",
            "The balance falls below an amount",
            threshold=True,
        ),
        AlertKind(
            2,
            "LARGE_WITHDRAWAL",
            "Large withdrawal",
            "TRANSACTION",
            "TRANSACTION",
            "An amount or more leaves the account",
            threshold=True,
        ),
        AlertKind(
            3,
            "LARGE_DEPOSIT",
            "Large deposit",
            "TRANSACTION",
            "TRANSACTION",
            "An amount or more arrives",
            threshold=True,
        ),
        AlertKind(4, "TRANSFER_SENT", "Transfer sent", "TRANSFER", "TRANSACTION", "A transfer leaves"),
        AlertKind(
            5,
            "TRANSFER_RECEIVED",
            "Transfer received",
            "TRANSFER",
            "TRANSACTION",
            "A transfer arrives",
        ),
        AlertKind(
            6,
            "SECURITY_NOTICE",
            "Security notice",
            "SECURITY",
            "NOTIFICATION",
            "The institution has something to say about the customer's access",
        ),
    )
}


class Offered(NamedTuple):
    """A kind of alert as one institution offers it."""

    kind: AlertKind
    active: bool
    channels: tuple[str, ...]


def offered(books: Books, institution_id: str) -> dict[str, Offered]:
    """Every kind by its name; all are active on every channel until the institution says otherwise."""
    settings = books.state.settings.get(institution_id, {})
    found = {}
    for name, kind in KINDS.items():
        setting = settings.get(name)
        active, channels = (setting.active, setting.channels) if setting else (True, CHANNELS)
        found[name] = Offered(kind, active, channels)
    return found
