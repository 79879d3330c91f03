"""What every change so far has led to."""

from collections import defaultdict
from typing import NamedTuple

from moneyer.sandbox.bank.books.changes import (
    Alert,
    AlertSetting,
    AlertSettingSaved,
    AnyChange,
    Begun,
    Consent,
    ConsentRemoved,
    ConsentSaved,
    Disclosure,
    DisclosureSaved,
    EventTaken,
    Posting,
    Preference,
    PreferenceRemoved,
    PreferenceSaved,
    Recipient,
    RecipientRemoved,
    RecipientSaved,
    Transfer,
    TransferMade,
)

Whose = tuple[str, str]
"""An institution, and an owner or a customer of it: nothing is found without both."""


class Remembered(NamedTuple):
    """A transfer that was made, and what the request for it said."""

    fingerprint: str
    transfer: Transfer


class State:
    """Changes are applied, never decided, here. `count` is how many there were."""

    def __init__(self) -> None:
        self.count = 0
        self.seed = ""
        self.began = 0
        self.postings: dict[str, list[Posting]] = defaultdict(list)
        self.outside: dict[str, int] = defaultdict(int)
        self.transfers: dict[tuple[str, str], Remembered] = {}
        self.recipients: dict[Whose, dict[str, Recipient]] = defaultdict(dict)
        self.disclosures: dict[str, dict[str, Disclosure]] = defaultdict(dict)
        self.consents: dict[Whose, dict[str, Consent]] = defaultdict(dict)
        self.preferences: dict[Whose, dict[int, Preference]] = defaultdict(dict)
        self.settings: dict[str, dict[str, AlertSetting]] = defaultdict(dict)
        self.alerts: dict[Whose, list[Alert]] = defaultdict(list)
        self.events: set[tuple[str, str]] = set()
        self.told = 0

    def apply(self, change: AnyChange) -> None:
        """Takes a change in."""
        self.count += 1
        match change:
            case Begun(seed=seed, at=at):
                self.seed, self.began = seed, at
            case TransferMade():
                self._transfer(change)
            case RecipientSaved(i, owner, recipient):
                self.recipients[i, owner][recipient.recipient_id] = recipient
            case RecipientRemoved(i, owner, recipient_id):
                self.recipients[i, owner].pop(recipient_id, None)
            case DisclosureSaved(i, disclosure):
                self.disclosures[i][disclosure.disclosure_id] = disclosure
            case ConsentSaved(i, customer, consent):
                self.consents[i, customer][consent.consent_id] = consent
            case ConsentRemoved(i, customer, consent_id):
                self.consents[i, customer].pop(consent_id, None)
            case PreferenceSaved(i, owner, preference):
                self.preferences[i, owner][preference.number] = preference
            case PreferenceRemoved(i, owner, number):
                self.preferences[i, owner].pop(number, None)
            case AlertSettingSaved(i, setting):
                self.settings[i][setting.type_name] = setting
            case EventTaken(i, owner, event_id, alerts):
                self.events.add((i, event_id))
                for alert in alerts:
                    self._tell(i, owner, alert)

    def _transfer(self, made: TransferMade) -> None:
        self.transfers[made.institution_id, made.key] = Remembered(made.fingerprint, made.transfer)
        self.outside[made.institution_id] += made.outside
        for posting in made.postings:
            self.postings[posting.account_id].append(posting)
        for owner_id, alert in made.told:
            self._tell(made.institution_id, owner_id, alert)

    def _tell(self, institution_id: str, owner_id: str, alert: Alert) -> None:
        self.alerts[institution_id, owner_id].append(alert)
        self.told += 1
