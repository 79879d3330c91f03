"""What has access to a customer's accounts, and taking it back."""

from itertools import count
from typing import NamedTuple

import msgspec

from moneyer.audit.events import Event
from moneyer.customers.consent import Consent, consent_id
from moneyer.grants.mint import Mint
from moneyer.protocol.clock import SECOND
from moneyer.protocol.scopes import Scopes
from moneyer.store.kinds import CONSENTS, FAMILIES, MOST_OF_CUSTOMER
from moneyer.store.rows import Rows
from moneyer.tokens.family import Family, revoked


class Connection(NamedTuple):
    """An application that has access. Instants; `expires` is None where nothing is kept."""

    client_id: str
    scopes: Scopes
    since: int
    last_used: int | None
    expires: int | None
    is_offline: bool


async def connections(mint: Mint, institution_id: str, customer_id: str, now: int) -> list[Connection]:
    """Every application that this customer allowed, or that holds a family; the newest first."""
    consents: list[Consent] = await mint.reader.of_customer(institution_id, customer_id, CONSENTS)
    families = [
        family
        for family in await _live_families(mint, institution_id, customer_id, now)
        if now < _end(mint, family)
    ]
    allowed = {consent.client_id: consent for consent in consents if consent.is_live}
    found = []
    for client_id in {*allowed, *(family.client_id for family in families)}:
        own = [family for family in families if family.client_id == client_id]
        consent = allowed.get(client_id)
        scopes = [*(consent.scopes if consent else ()), *(s for f in own for s in f.scopes)]
        used = [*([consent.used_at] if consent else ()), *(family.turned_at for family in own)]
        found.append(
            Connection(
                client_id,
                tuple(dict.fromkeys(scope for scope in scopes if ":userinfo" not in scope)),
                min(consent.granted_at if consent else now, *(f.started_at for f in own), now),
                max(used),
                max((_end(mint, family) for family in own), default=None),
                any(family.is_renewable for family in own),
            )
        )
    return sorted(found, key=lambda connection: (-connection.since, connection.client_id))


def _end(mint: Mint, family: Family) -> int:
    """The instant after which nothing of the family opens anything: where it cannot be renewed, that
    of its one access token."""
    application = mint.snapshot.application(family.client_id)
    if family.is_renewable or application is None:
        return family.expires_at
    return family.started_at + application.lifetimes.legacy_token * SECOND


async def disconnect(
    mint: Mint, institution_id: str, customer_id: str, client_id: str, event: Event, now: int
) -> None:
    """Takes back everything `client_id` holds for this customer: tokens, renewal and consent.

    Raises StoreUnavailable. A code exchanged meanwhile opens a family that the second look finds;
    after it, no code from before the withdrawal is good for anything. Where there are more families
    than one look shows, it goes on.
    """
    for look in count():
        families = await _live_families(mint, institution_id, customer_id, now)
        own = [family.family_id for family in families if family.client_id == client_id]
        name = consent_id(customer_id, client_id)
        await mint.journal.perform(Disconnect(institution_id, name, own, event))
        if look > 0 and len(own) < MOST_OF_CUSTOMER:
            return


async def _live_families(mint: Mint, institution_id: str, customer_id: str, now: int) -> list[Family]:
    found: list[Family] = await mint.reader.of_customer(institution_id, customer_id, FAMILIES)
    return [f for f in found if f.status == "live" and now < f.expires_at]


class Disconnect:
    """Withdraws a consent and revokes families, in one commit."""

    def __init__(
        self, institution_id: str, consent_name: str, families: list[bytes], event: Event
    ) -> None:
        self.institution_id = institution_id
        self._consent_name = consent_name
        self._families = families
        self._event = event

    def wants(self, rows: Rows) -> None:
        rows.consents.want(self.institution_id, self._consent_name)
        for family_id in self._families:
            rows.families.want(self.institution_id, family_id)

    def decide(self, rows: Rows, now: int) -> None:
        families = [rows.families.get(self.institution_id, name) for name in self._families]
        live = [family for family in families if family is not None and family.status == "live"]
        for family in live:
            rows.families.put(revoked(family, now))
        consent = rows.consents.get(self.institution_id, self._consent_name)
        customer_id, _, client_id = self._consent_name.partition(".")
        if consent is None:
            # A mark, so that a code or token from before opens nothing any more.
            consent = Consent(self.institution_id, self._consent_name, customer_id, client_id, (), 0, 0)
        was_live = consent.is_live
        if was_live or live or consent.withdrawn_at == 0:
            rows.consents.put(msgspec.structs.replace(consent, withdrawn_at=now))
            rows.record(self._event)
