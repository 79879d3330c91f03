"""What can change in the bank: one struct a change, one line of the journal each.

A change says what became of a decision, never what was asked: to replay it decides nothing again.
Instants in microseconds, amounts in cents.
"""

from typing import Literal

import msgspec

from moneyer.sandbox.bank.growth.account import EntryType


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something the bank remembers."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class Posting(Record, frozen=True):
    """One side of a transfer: `amount` is what it adds to the balance of `account_id`."""

    account_id: str
    entry_id: str
    at: int
    amount: int
    type: EntryType
    description: str
    memo: str = ""


class Alert(Record, frozen=True):
    """Something an owner was told. `number` counts all alerts of the bank."""

    number: int
    type_name: str
    channel: str
    at: int
    event_id: str
    summary: str
    account_id: str = ""


class Transfer(Record, frozen=True):
    transfer_id: str
    from_account_id: str
    amount: int
    at: int
    to_account_id: str = ""
    recipient_id: str = ""
    memo: str = ""


class Recipient(Record, frozen=True):
    """Somebody to send money to; at this institution where there is a member number."""

    recipient_id: str
    account_number: str
    account_type: str
    nick_name: str
    full_name: str = ""
    email: str = ""
    member_number: str = ""


class Disclosure(Record, frozen=True):
    disclosure_id: str
    name: str
    data: str = ""
    data_type: str = "URL"
    enabled: bool = True


class Consent(Record, frozen=True):
    """What a customer said to a disclosure, for all accounts or for one."""

    consent_id: str
    disclosure_id: str
    status: Literal["ENROLLED", "NOT_ENROLLED", "NOT_ACCEPTED", "ACCEPTED"]
    at: int
    account_id: str = ""


class Preference(Record, frozen=True):
    """What an owner wants to be told. `threshold` in cents, where the kind of alert has one."""

    number: int
    type_name: str
    channel: str
    opted: bool = True
    account_id: str = ""
    threshold: int = 0


class AlertSetting(Record, frozen=True):
    """What an institution made of a kind of alert."""

    type_name: str
    active: bool
    channels: tuple[str, ...]


class Change(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="change"):
    """One line of the journal."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class Begun(Change, frozen=True, tag="begun"):
    """The first line: from what the bank grew, and when."""

    seed: str
    at: int


class TransferMade(Change, frozen=True, tag="transfer"):
    """`key` names the request that it answers; `fingerprint` is what that request said.

    `told` are owners and what they were told. `outside` left for another bank.
    """

    institution_id: str
    key: str
    fingerprint: str
    transfer: Transfer
    postings: tuple[Posting, ...]
    outside: int = 0
    told: tuple[tuple[str, Alert], ...] = ()


class RecipientSaved(Change, frozen=True, tag="recipient"):
    institution_id: str
    owner_id: str
    recipient: Recipient


class RecipientRemoved(Change, frozen=True, tag="recipient-removed"):
    institution_id: str
    owner_id: str
    recipient_id: str


class DisclosureSaved(Change, frozen=True, tag="disclosure"):
    institution_id: str
    disclosure: Disclosure


class ConsentSaved(Change, frozen=True, tag="consent"):
    institution_id: str
    customer_id: str
    consent: Consent


class ConsentRemoved(Change, frozen=True, tag="consent-removed"):
    institution_id: str
    customer_id: str
    consent_id: str


class PreferenceSaved(Change, frozen=True, tag="preference"):
    institution_id: str
    owner_id: str
    preference: Preference


class PreferenceRemoved(Change, frozen=True, tag="preference-removed"):
    institution_id: str
    owner_id: str
    number: int


class AlertSettingSaved(Change, frozen=True, tag="alert-setting"):
    institution_id: str
    setting: AlertSetting


class EventTaken(Change, frozen=True, tag="event"):
    """An event that was published, and what its owner was told."""

    institution_id: str
    owner_id: str
    event_id: str
    alerts: tuple[Alert, ...] = ()


AnyChange = (
    Begun
    | TransferMade
    | RecipientSaved
    | RecipientRemoved
    | DisclosureSaved
    | ConsentSaved
    | ConsentRemoved
    | PreferenceSaved
    | PreferenceRemoved
    | AlertSettingSaved
    | EventTaken
)
