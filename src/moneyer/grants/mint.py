"""What every grant works with: the clock, the keys, the store, and the striking of tokens."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import msgspec

from moneyer.applications.application import Application
from moneyer.applications.secrets import SecretSlot
from moneyer.audit.events import Event, Trace
from moneyer.customers.consent import Consent
from moneyer.customers.customer import Customer
from moneyer.customers.factors.factor import Factor
from moneyer.customers.factors.policy import acr_of
from moneyer.customers.notice import LogoutNotice
from moneyer.customers.session import Session
from moneyer.customers.verifiers import Verifier
from moneyer.grants.first_keys import AddFirstKeys
from moneyer.guards.attempts import LoginLimits, RateLimits
from moneyer.institutions.institution import Institution, issuer_of
from moneyer.keys.ring import SigningKey
from moneyer.keys.sealing import ServerKeys, new_key
from moneyer.protocol.clock import SECOND, Clock, seconds_left
from moneyer.protocol.failures import CoreBankUnavailable, StoreUnavailable
from moneyer.protocol.form import Form
from moneyer.protocol.identifiers import PLATFORM
from moneyer.protocol.scopes import Scopes, join
from moneyer.store.directory import Directory
from moneyer.store.journal import Journal
from moneyer.store.kinds import Kind
from moneyer.store.rows import Rows, StoredRequest
from moneyer.store.snapshot import Snapshot
from moneyer.tokens.access import AccessClaims, api_audience, legacy_audience, strike
from moneyer.tokens.code import Code
from moneyer.tokens.family import Family, RatchetKeys
from moneyer.tokens.subject import subject_for


class TokenRequest(msgspec.Struct, frozen=True):
    """A token request that was read and whose application is proven and entitled.

    `read_scopes` gives None when none were asked for; a grant calls it when its own parameters are
    read, and BadRequest or BadScope is raised then. `form` holds only what the grant declares.
    `is_strict` asks for what the standards ask for where V2 is content with less; `is_legacy` is a
    request for a token that opens the legacy APIs.
    """

    application: Application
    institution: Institution
    grant_type: str
    form: Form
    read_scopes: Callable[[], Scopes | None]
    trace: Trace
    now: int
    is_strict: bool = False
    is_legacy: bool = False

    def event(self, name: str, **facts: object) -> Event:
        """An audit event about this request."""
        if self.is_legacy:
            facts["detail"] = "legacy"
        return event_of(name, self.application, self.institution, self.trace, self.now, **facts)


class TokenResponse(msgspec.Struct, frozen=True):
    """What was granted (RFC 6749 section 5.1). Lifetimes in whole seconds that are left.

    `customer` is set where the answer names them.
    """

    grant_type: str
    access_token: str
    expires_in: int
    scopes: Scopes
    refresh_token: str | None = None
    refresh_token_expires_in: int | None = None
    id_token: str | None = None
    customer: Customer | None = None

    def __repr__(self) -> str:
        return f"TokenResponse({self.grant_type!r})"


class Reader(Protocol):
    """Point reads, each within one institution but the last."""

    async def customer_by_login(self, institution_id: str, login_key: str) -> Customer | None: ...
    async def customer(self, institution_id: str, customer_id: str) -> Customer | None: ...
    async def family(self, institution_id: str, family_id: bytes) -> Family | None: ...
    async def code(self, institution_id: str, digest: bytes) -> Code | None: ...
    async def session(self, institution_id: str, digest: bytes) -> Session | None: ...
    async def consent(self, institution_id: str, consent_id: str) -> Consent | None: ...
    async def factor(self, institution_id: str, factor_id: str) -> Factor | None: ...
    async def stored_request(self, institution_id: str, digest: bytes) -> StoredRequest | None: ...
    async def of_customer(self, institution_id: str, customer_id: str, kind: Kind) -> list[Any]: ...
    async def token_is_revoked(self, institution_id: str, token_id: str) -> bool: ...
    async def due_notices(self, now: int) -> list[LogoutNotice]: ...


class Deliveries(Protocol):
    """Takes messages to applications, apart from the request that caused them."""

    def begin(
        self,
        url: str,
        client_id: str,
        make: Callable[[], Awaitable[str]],
        done: Callable[[], Awaitable[None]],
    ) -> None: ...


class Mint:
    """The engine's workshop. Knows no HTTP and decides nothing about a request."""

    def __init__(
        self,
        *,
        base_url: str,
        clock: Clock,
        keys: ServerKeys,
        directory: Directory,
        journal: Journal,
        reader: Reader,
        verifiers: Mapping[str, Verifier],
        login_limits: LoginLimits,
        rate_limits: RateLimits,
        deliveries: Deliveries,
    ) -> None:
        self.base_url = base_url
        self.clock = clock
        self.keys = keys
        self.ratchet = RatchetKeys(keys.refresh_tag, keys.ratchet)
        self.directory = directory
        self.journal = journal
        self.reader = reader
        self.login_limits = login_limits
        self.rate_limits = rate_limits
        self.deliveries = deliveries
        self._verifiers = verifiers
        self._first_keys = asyncio.Lock()
        self._secret_uses: dict[tuple[str, int, int], int] = {}

    @property
    def snapshot(self) -> Snapshot:
        return self.directory.snapshot

    def issuer(self, institution_id: str) -> str:
        return issuer_of(self.base_url, institution_id)

    def subject(self, application: Application, institution_id: str, customer_id: str) -> str:
        """The customer as `application` may know them."""
        return subject_for(self.keys.pairwise, application, institution_id, customer_id)

    def verifier(self, institution: Institution) -> Verifier:
        """Who checks this institution's passwords: its core where its policy says so.

        Raises CoreBankUnavailable when the policy says so and no core is set for it.
        """
        if institution.policy.verifier == "built-in":
            return self._verifiers["built-in"]
        verifier = self._verifiers.get(institution.institution_id)
        if verifier is None:
            raise CoreBankUnavailable("core-bank-not-set", retry_after=60)
        return verifier

    async def signing_key(self, institution: Institution, now: int) -> SigningKey:
        """The institution's active key, made on first need together with a spare."""
        ring = self.snapshot.ring(institution.institution_id)
        key = ring.signing(now) if ring else None
        return key or await self._first_key(institution)

    async def note_secret_use(self, slot: SecretSlot | None, now: int) -> None:
        """Remembers that a client secret was used; written once an hour for each secret."""
        if slot is None:
            return
        key = (slot.client_id, slot.slot, slot.created_at)
        last = self._secret_uses.get(key, slot.last_used_at or 0)
        if now - last >= SECRET_USE_INTERVAL:
            self._secret_uses[key] = now
            await self.journal.perform(NoteSecretUse(slot, now))

    async def _first_key(self, institution: Institution) -> SigningKey:
        institution_id, algorithm = institution.institution_id, institution.policy.algorithm
        async with self._first_keys:
            ring = self.snapshot.ring(institution_id)
            if ring is None:
                now = self.clock.now()
                sealing = self.keys.sealing
                active = await asyncio.to_thread(new_key, sealing, institution_id, algorithm, now, now)
                spare = await asyncio.to_thread(new_key, sealing, institution_id, algorithm, now, None)
                await self.journal.perform(AddFirstKeys(institution_id, (active, spare)))
                await self.directory.refresh()
                ring = self.snapshot.ring(institution_id)
            key = ring.signing(self.clock.now()) if ring else None
            if key is None:
                raise StoreUnavailable("no-active-signing-key")
            return key

    def strike_access(
        self,
        request: TokenRequest,
        key: SigningKey,
        *,
        subject: str,
        token_id: str,
        issued_at: int,
        scopes: Scopes,
        grant_type: str,
        family: Family | None = None,
        auth_time: int | None = None,
        amr: tuple[str, ...] = (),
        claims: tuple[str, ...] = (),
    ) -> tuple[str, int]:
        """An access token and the whole seconds left to it. Instants in microseconds.

        Nothing but the arguments and the key goes into it, so a retry strikes the same token.
        """
        issuer = self.issuer(request.institution.institution_id)
        seconds = issued_at // SECOND
        lifetimes = request.application.lifetimes
        expires = seconds + (lifetimes.legacy_token if request.is_legacy else lifetimes.access_token)
        token = strike(
            key,
            AccessClaims(
                iss=issuer,
                sub=subject,
                aud=legacy_audience(issuer) if request.is_legacy else api_audience(issuer),
                exp=expires,
                iat=seconds,
                jti=token_id,
                client_id=request.application.client_id,
                scope=join(scopes),
                institution_id=request.institution.institution_id,
                gty=grant_type,
                sid=family.family_id.hex() if family else None,
                acr=acr_of(amr) if amr else None,
                amr=amr or None,
                claims=claims or None,
                auth_time=auth_time // SECOND if auth_time is not None else None,
            ),
        )
        return token, seconds_left(expires * SECOND, self.clock.now())


SECRET_USE_INTERVAL = 3600 * SECOND


class NoteSecretUse:
    """Writes when a client secret was last used, so that an unused one can be found and dropped."""

    def __init__(self, slot: SecretSlot, used_at: int) -> None:
        self.institution_id = PLATFORM
        self._slot = slot
        self._used_at = used_at

    def wants(self, rows: Rows) -> None:
        rows.secrets.want(self._slot.client_id, self._slot.slot)

    def decide(self, rows: Rows, now: int) -> None:
        row = rows.secrets.get(self._slot.client_id, self._slot.slot)
        if row is not None and row.created_at == self._slot.created_at:
            rows.secrets.put(msgspec.structs.replace(row, last_used_at=self._used_at))


class RecordEvent:
    """Writes an event that needs no row: most often a token issued or a request refused."""

    def __init__(self, event: Event) -> None:
        self.institution_id = event.institution_id
        self._event = event

    def wants(self, rows: Rows) -> None:
        """Nothing."""

    def decide(self, rows: Rows, now: int) -> None:
        rows.record(self._event)


def event_of(
    name: str,
    application: Application,
    institution: Institution,
    trace: Trace,
    now: int,
    **facts: object,
) -> Event:
    """An audit event about what `application` did at `institution`."""
    return Event(
        name,
        now,
        institution.institution_id,
        client_id=application.client_id,
        source=trace.source,
        transaction_id=trace.transaction_id,
        **facts,  # type: ignore[arg-type]
    )
