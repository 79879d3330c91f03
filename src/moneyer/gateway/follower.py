"""Following the token service, so that a token is checked without asking it.

One request is always open: the service answers it when something has ended, or after a while. Keys are
read when an institution's first token comes. While the service is away everything goes on as it is
known; what ended stays ended.
"""

import asyncio
import random
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

import httpx
import msgspec
import structlog
from cryptography.exceptions import InvalidSignature

from moneyer.gateway.keys import read_key_set
from moneyer.gateway.memory import Memory, Remembered
from moneyer.gateway.refusals import CannotTell, TokenInvalid
from moneyer.gateway.standing import Standing
from moneyer.protocol import base64url
from moneyer.protocol.clock import SECOND, Clock
from moneyer.tokens.bulletin import read_bulletin

WAIT = 5
"""Seconds for which the service may hold its answer back; soon after, a dead line is noticed."""
PAUSE = 0.1
"""Seconds between two requests, however fast the answers are."""
LONGEST_PAUSE = 5.0
"""Seconds between two tries while the service is away."""
KEYS_AGE = 600.0
"""Seconds after which a key set is read again."""
KEYS_PAUSE = 1.0
"""Seconds between two readings of one key set, whatever callers send."""
PATIENCE = 2.0
"""Seconds for which a call waits until something is known of its institution."""
MOST_BULLETINS = 64
"""Bulletins of one institution that are kept before all is asked for anew."""

log = structlog.get_logger()


class Answer(msgspec.Struct, frozen=True):
    """What the service answers to a follower."""

    cursor: str
    institutions: dict[str, str]
    serves: tuple[str, ...] | None = None
    silent: tuple[str, ...] = ()


class Source(NamedTuple):
    """Where bulletins come from: an HTTP client that knows the service and this gateway's secret."""

    http: httpx.AsyncClient
    base_url: str


class Follower:
    """What a gateway knows of its institutions. Belongs to one event loop."""

    def __init__(self, source: Source, clock: Clock, memory: Memory, longest_silence: int = 0) -> None:
        """`longest_silence`: for how many seconds the service may be away before nothing is let through
        any more; 0 is for ever."""
        self._source = source
        self._clock = clock
        self._memory = memory
        self._longest_silence = longest_silence
        self._heard_at = 0
        self._cursor: str | None = None
        self._serves: frozenset[str] | None = None
        self._bulletins: dict[str, list[str]] = {}
        self._standings: dict[str, Standing] = {}
        self._key_sets: dict[str, bytes] = {}
        self._silent: set[str] = set()
        self._keys_read_at: dict[str, float] = {}
        self._reading: dict[str, asyncio.Lock] = {}
        self._news = asyncio.Event()
        self._asked = asyncio.Event()

    async def run(self) -> None:
        """Follows for ever. What goes wrong is logged, and tried again."""
        self._recall(await asyncio.to_thread(self._memory.load))
        pause = PAUSE
        while True:
            try:
                await self._step()
                pause = PAUSE
            except (httpx.HTTPError, msgspec.DecodeError) as error:
                log.warning("token-service-away", reason=_reason(error))
                pause = min(pause * 2, LONGEST_PAUSE)
            self._asked.set()
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - spreads load

    @property
    def is_ready(self) -> bool:
        """Whether anything is known yet."""
        return self._serves is not None

    async def standing(self, institution_id: str) -> Standing:
        """Raises TokenInvalid for an institution that is not guarded here, CannotTell."""
        await self._require_heard()
        found = self._standings.get(institution_id)
        if found is not None and found.is_known:
            return found
        if self._serves is not None and institution_id not in self._serves:
            raise TokenInvalid("institution-not-guarded")
        if institution_id not in self._bulletins:
            await self.catch_up()
        if institution_id not in self._bulletins:
            raise CannotTell("institution-not-known-yet")
        standing = self._standings.setdefault(institution_id, Standing(self._issuer(institution_id)))
        await self.read_keys(standing)
        self._apply(institution_id, self._bulletins[institution_id])
        if not standing.is_known:
            raise CannotTell("institution-not-known-yet")
        return standing

    async def read_keys(self, standing: Standing) -> None:
        """Reads the key set again, unless that was tried a moment ago; what goes wrong is logged."""
        institution_id = standing.issuer.rpartition("/")[2]
        loop = asyncio.get_running_loop()
        async with self._reading.setdefault(institution_id, asyncio.Lock()):
            if loop.time() - self._keys_read_at.get(institution_id, -KEYS_PAUSE) < KEYS_PAUSE:
                return
            self._keys_read_at[institution_id] = loop.time()
            try:
                answer = await self._source.http.get(f"/i/{institution_id}/oauth2/jwks")
                answer.raise_for_status()
                standing.take_keys(read_key_set(answer.content))
                self._key_sets[institution_id] = answer.content
            except (httpx.HTTPError, ValueError) as error:
                log.warning("key-set-unread", error=type(error).__name__)

    async def catch_up(self) -> None:
        """Waits for the next answer of the service, a moment at most."""
        await self._wait_for(self._news)

    async def _wait_for(self, event: asyncio.Event) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), PATIENCE)

    async def _step(self) -> None:
        """One answer of the service. Raises httpx.HTTPError, msgspec.DecodeError."""
        query = {"after": self._cursor, "wait": str(WAIT)} if self._cursor else {}
        answer = await self._source.http.get(
            "/oauth2/v1/revocations", params=query, timeout=httpx.Timeout(2.0, read=WAIT + 2.0)
        )
        if answer.status_code == httpx.codes.BAD_REQUEST:
            self._cursor = None
        answer.raise_for_status()
        said = msgspec.json.decode(answer.content, type=Answer)
        is_whole = self._cursor is None
        self._cursor = said.cursor
        if said.serves is not None:
            self._serve(frozenset(said.serves), is_whole)
        for institution_id, bulletin in said.institutions.items():
            await self._take(institution_id, bulletin, is_whole)
        for institution_id in said.silent:
            self._lose(institution_id)
        self._heard_at = self._clock.now()
        self._news.set()
        self._news = asyncio.Event()
        await self._read_old_keys()
        if said.institutions or is_whole:
            await asyncio.to_thread(self._memory.save, self._remembered())

    def _serve(self, serves: frozenset[str], is_whole: bool) -> None:
        """Takes over which institutions are guarded; asks for all anew where there are more."""
        if self._serves is not None and not is_whole and serves - self._serves:
            self._cursor = None
        for known in (self._standings, self._bulletins, self._key_sets):
            for gone in known.keys() - serves:
                del known[gone]
        self._serves = serves

    def _lose(self, institution_id: str) -> None:
        """Nothing more can be said of an institution until all of it is told anew."""
        self._bulletins.pop(institution_id, None)
        self._silent.add(institution_id)
        if standing := self._standings.get(institution_id):
            standing.is_known = False

    async def _take(self, institution_id: str, bulletin: str, is_whole: bool) -> None:
        if institution_id in self._silent and not is_whole:
            self._cursor = None
            return
        self._silent.discard(institution_id)
        kept = self._bulletins.get(institution_id)
        self._bulletins[institution_id] = [bulletin] if kept is None or is_whole else [*kept, bulletin]
        if len(self._bulletins[institution_id]) > MOST_BULLETINS:
            self._cursor = None
        standing = self._standings.get(institution_id)
        if standing is None:
            return
        self._apply(institution_id, [bulletin])
        if standing.lacks_keys() or not standing.is_known:
            await self.read_keys(standing)
            self._apply(institution_id, [bulletin])

    def _apply(self, institution_id: str, bulletins: Iterable[str]) -> None:
        """Verifies and takes over bulletins; where one does not verify, the institution is unknown."""
        standing = self._standings[institution_id]
        for text in bulletins:
            head, _, rest = text.partition(".")
            body, _, signature = rest.partition(".")
            key = standing.bulletin_key(head.encode())
            try:
                if key is None:
                    raise InvalidSignature
                key.verify(base64url.decode(signature.encode()), f"{head}.{body}".encode())
                bulletin = read_bulletin(base64url.decode(body.encode()))
                if bulletin.iss != standing.issuer:
                    raise InvalidSignature
            except (InvalidSignature, ValueError):
                standing.is_known = False
                return
            standing.learn(bulletin)

    async def _read_old_keys(self) -> None:
        now = asyncio.get_running_loop().time()
        for institution_id, standing in list(self._standings.items()):
            if now - self._keys_read_at.get(institution_id, 0) >= KEYS_AGE:
                await self.read_keys(standing)

    async def _require_heard(self) -> None:
        """Raises CannotTell where too little is known of the present.

        After a start the service is asked before anything is judged by what was remembered.
        """
        if not self._asked.is_set():
            await self._wait_for(self._asked)
        if not self._asked.is_set():
            raise CannotTell("token-service-not-asked-yet")
        silence = self._clock.now() - self._heard_at
        if self._longest_silence and silence > self._longest_silence * SECOND:
            raise CannotTell("token-service-silent")

    def _issuer(self, institution_id: str) -> str:
        return f"{self._source.base_url}/i/{institution_id}"

    def _recall(self, remembered: Remembered | None) -> None:
        """Goes on from what was remembered; the service says what is new since."""
        if remembered is None or remembered.base_url != self._source.base_url:
            return
        self._heard_at = remembered.heard_at
        self._cursor = remembered.cursor
        self._serves = frozenset(remembered.serves)
        self._bulletins = {name: list(kept) for name, kept in remembered.bulletins.items()}
        for institution_id, key_set in remembered.key_sets.items():
            standing = self._standings[institution_id] = Standing(self._issuer(institution_id))
            with suppress(ValueError):
                standing.take_keys(read_key_set(key_set.encode()))
            self._key_sets[institution_id] = key_set.encode()
            self._apply(institution_id, self._bulletins.get(institution_id, ()))

    def _remembered(self) -> Remembered:
        return Remembered(
            self._source.base_url,
            self._cursor,
            self._heard_at,
            tuple(self._serves or ()),
            {name: tuple(kept) for name, kept in self._bulletins.items()},
            {name: body.decode() for name, body in self._key_sets.items()},
        )


def _reason(error: Exception) -> str:
    """What to tell an operator: the status where there was an answer, else the kind of error."""
    if isinstance(error, httpx.HTTPStatusError):
        return f"HTTP {error.response.status_code}"
    return type(error).__name__
