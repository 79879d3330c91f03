"""Whom an event or a change in an account is to be told to."""

from collections.abc import Iterator

from moneyer.sandbox.bank.books.books import Books
from moneyer.sandbox.bank.books.changes import Alert, EventTaken, Posting, Preference
from moneyer.sandbox.bank.calls.alert_kinds import AlertKind, offered
from moneyer.sandbox.bank.growth.account import Account
from moneyer.sandbox.bank.money import dollars
from moneyer.sandbox.bank.people import Owner


def preferences_for(
    books: Books, owner: Owner, account_id: str, type_name: str = ""
) -> Iterator[Preference]:
    """What the owner asked to be told about that account, as far as the institution still does."""
    kinds = offered(books, owner.institution_id)
    kept = books.state.preferences.get((owner.institution_id, owner.owner_id), {})
    for preference in kept.values():
        kind = kinds[preference.type_name]
        if (
            preference.opted
            and kind.active
            and preference.channel in kind.channels
            and preference.account_id in {"", account_id}
            and type_name in {"", preference.type_name}
        ):
            yield preference


def take_event(
    books: Books,
    owner: Owner,
    event_id: str,
    kind: AlertKind,
    account_id: str,
    message: str,
    at: int,
) -> int:
    """Keeps an event and tells its owner what they asked to be told; gives how often. Raises
    JournalFull."""
    told = preferences_for(books, owner, account_id, kind.name)
    alerts = tuple(
        Alert(
            books.state.told + number,
            kind.name,
            preference.channel,
            at,
            event_id,
            message or kind.description,
            account_id,
        )
        for number, preference in enumerate(told, 1)
    )
    books.record(EventTaken(owner.institution_id, owner.owner_id, event_id, alerts))
    return len(alerts)


def alerts_for(
    books: Books, owner: Owner, account: Account, posting: Posting, before: int
) -> list[tuple[str, Alert]]:
    """What `owner` is told about `posting`, which is not booked yet.

    `before` alerts of the same change have their numbers already.
    """
    balance = books.balance(owner, account.account_id) + posting.amount
    number = books.state.told + before
    told = []
    for preference in preferences_for(books, owner, account.account_id):
        if summary := _summary(preference, account, posting, balance):
            number += 1
            alert = Alert(
                number,
                preference.type_name,
                preference.channel,
                posting.at,
                posting.entry_id,
                summary,
                account.account_id,
            )
            told.append((owner.owner_id, alert))
    return told


def _summary(preference: Preference, account: Account, posting: Posting, balance: int) -> str:
    """The sentence to tell, or "" where there is no reason for it."""
    name = f"{account.kind.description} ending in {account.number[-4:]}"
    amount = f"${dollars(abs(posting.amount))}"
    limit = preference.threshold
    leaves, before = posting.amount < 0, balance - posting.amount
    match preference.type_name:
        case "LOW_BALANCE" if account.kind.category == "DEPOSIT" and balance < limit <= before:
            return f"{name} is below ${dollars(limit)}: ${dollars(balance)}"
        case "LARGE_WITHDRAWAL" if leaves and -posting.amount >= limit:
            return f"{amount} left {name}"
        case "LARGE_DEPOSIT" if not leaves and posting.amount >= limit:
            return f"{amount} arrived in {name}"
        case "TRANSFER_SENT" if leaves:
            return f"A transfer of {amount} left {name}"
        case "TRANSFER_RECEIVED" if not leaves:
            return f"A transfer of {amount} arrived in {name}"
    return ""
