"""What every endpoint is given."""

import msgspec

from moneyer.applications.application import Application, require_address
from moneyer.applications.authenticate import Authenticated, authenticate
from moneyer.audit.events import Trace
from moneyer.endpoints.proven import Proven
from moneyer.feed.bulletins import Bulletins
from moneyer.grants.client_guesses import Blocklist, CountGuess, require_not_guessing
from moneyer.grants.mint import Mint
from moneyer.guards.attempts import guess_name
from moneyer.protocol.basic import parse_basic
from moneyer.protocol.failures import BadClient
from moneyer.protocol.identifiers import PLATFORM


class EndpointSettings(msgspec.Struct, frozen=True):
    """What an operator decides about the endpoints.

    `base_path` is "" or begins with a slash. `require_tls` refuses plain HTTP.
    """

    base_path: str = ""
    require_tls: bool = True
    require_transaction_id: bool = False


class Service:
    """The engine and what stands in front of it."""

    def __init__(self, mint: Mint, feed: Bulletins, settings: EndpointSettings) -> None:
        self.mint = mint
        self.feed = feed
        self.settings = settings
        self.blocklist = Blocklist()
        self.is_draining = False
        self._proven = Proven()

    async def authenticate(
        self,
        authorization: bytes | None,
        institution_id: str | None,
        trace: Trace,
        now: int,
    ) -> Authenticated:
        """The application that asks, by HTTP Basic.

        Raises BadClient (counted against its source), BadHeader, Throttled, NotPermitted,
        AddressBlocked.
        """
        snapshot, keys = self.mint.snapshot, self.mint.keys
        name, proven = self._proven.find(authorization or b"", snapshot, now)
        if proven is not None:
            self.require_free(proven.application.client_id, proven.application, trace, now)
        else:
            presented = parse_basic(authorization)
            client_id = presented.client_id
            self.require_free(client_id, snapshot.application(client_id), trace, now)
            try:
                proven = authenticate(presented, snapshot, keys.client_secret, now)
            except BadClient as failure:
                await self.count_guess(client_id, institution_id, failure, trace, now)
                raise
            self._proven.keep(name, proven)
        require_address(proven.application, trace.source)
        await self.mint.note_secret_use(proven.slot, now)
        return proven

    def place_of(self, institution_id: str | None) -> str:
        """Where an event about a claimed institution belongs: there, if there is such a one."""
        known = institution_id and self.mint.snapshot.institution(institution_id)
        return known.institution_id if known else PLATFORM

    def require_free(
        self, client_id: str, application: Application | None, trace: Trace, now: int
    ) -> None:
        """Raises Throttled for an address that guessed too often."""
        key = self.mint.keys.guess
        require_not_guessing(self.blocklist, key, client_id, application, trace.source, now)

    async def count_guess(
        self,
        client_id: str,
        institution_id: str | None,
        failure: BadClient,
        trace: Trace,
        now: int,
    ) -> None:
        """Counts a failed client authentication against its source."""
        name = guess_name(self.mint.keys.guess, client_id, trace.source)
        limit = self.mint.rate_limits.client_guesses
        blocked_until = await self.mint.journal.perform(
            CountGuess(name, limit, self.place_of(institution_id), failure, trace)
        )
        if blocked_until > now:
            self.blocklist.block(name, blocked_until, now)
