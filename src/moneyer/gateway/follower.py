"""Following the token service, so that a token is checked without asking it.

One request is always open: the service answers it when something has ended, or after a while. What it
answers is remembered before it is acted on: nothing that was refused once gets through after a restart.
While the service is away everything goes on as it is known; what ended stays ended.
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress

import httpx
import msgspec
import structlog

from moneyer.gateway.key_sets import PAUSE as KEYS_PAUSE
from moneyer.gateway.key_sets import KeySets, reason_of
from moneyer.gateway.knowledge import Answer, Everything, KeySet, Knowledge
from moneyer.gateway.memory import Memory
from moneyer.gateway.refusals import CannotTell, TokenInvalid
from moneyer.gateway.scribe import Scribe
from moneyer.gateway.standing import Standing
from moneyer.gateway.token import Claims
from moneyer.protocol.clock import SECOND, Clock
from moneyer.protocol.identifiers import new_transaction_id

WAIT = 5
"""Seconds for which the service may hold its answer back; soon after, a dead line is noticed."""
LEEWAY = 2.0
"""Seconds that an answer may take besides: to connect, and to come after `WAIT`."""
PAUSE = 0.1
"""Seconds between two requests, however fast the answers are."""
LONGEST_PAUSE = 0.5
"""Seconds between two tries while the service is away: within the second of its return it is heard."""
REFUSED_PAUSE = 5.0
"""Seconds before the next try where the service does not take this gateway for what it says: more would
count as guesses, and against its neighbours too."""
WORTH_A_WORD = 6.0
"""Seconds of silence that are worth a warning, and another one each time."""
PATIENCE = 2.0
"""Seconds for which a call waits until something is known of its institution."""
MOST_STRANGERS = 64
"""Calls that may wait whether an institution that is not guarded here is about to be."""

log = structlog.get_logger()


class Follower:
    """Keeps what is known in step with the token service. Belongs to one event loop.

    `http` knows the service's address and this gateway's secret, and so does `beside`, over which key
    sets are read. `longest_silence`: for how many seconds the service may be away before nothing is let
    through any more; 0 is for ever.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        beside: httpx.AsyncClient,
        base_url: str,
        clock: Clock,
        memory: Memory,
        longest_silence: int = 0,
    ) -> None:
        self._http = http
        self._clock = clock
        self._scribe = Scribe(memory)
        self._has_recalled = False
        self._longest_silence = longest_silence * SECOND
        # Nobody has heard anything while the service holds its answer back.
        self._wait = min(WAIT, longest_silence // 2) if longest_silence else WAIT
        self._heard_at = 0
        self._knowledge = Knowledge(base_url)
        self._keys = KeySets(beside, self._take_keys)
        self._news = asyncio.Event()
        self._asked = asyncio.Event()
        self._strangers = 0
        self._answered_at = float("-inf")
        self._quiet_until = 0.0
        self._held: asyncio.Timeout | None = None

    async def run(self) -> None:
        """Follows for ever. Whatever goes wrong is logged, and tried again."""
        await self._recall()
        self._has_recalled = True
        self._quiet_until = asyncio.get_running_loop().time() + WORTH_A_WORD
        try:
            await self._follow()
        finally:
            await self._keys.close()

    async def close(self) -> None:
        """Writes down all that is known, after `run` has ended."""
        if self._has_recalled:
            await self._remember()
        self._scribe.close()

    async def _follow(self) -> None:
        pause = PAUSE
        while True:
            try:
                await self._step()
                pause = PAUSE
            except (httpx.HTTPError, msgspec.DecodeError) as error:
                self._say(error)
                pause = REFUSED_PAUSE if _is_refused(error) else min(pause * 2, LONGEST_PAUSE)
            except Exception as error:
                log.error("following-failed", reason=type(error).__name__, exc_info=True)
                pause = min(pause * 2, LONGEST_PAUSE)
            self._asked.set()
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - spreads load

    def _say(self, error: Exception) -> None:
        """A moment is no news: a connection that was closed, a service that starts or stops."""
        now = asyncio.get_running_loop().time()
        if now < max(self._quiet_until, self._answered_at + WORTH_A_WORD):
            log.info("token-service-away", reason=reason_of(error))
        else:
            log.warning("token-service-away", reason=reason_of(error))
            self._quiet_until = now + WORTH_A_WORD

    @property
    def is_ready(self) -> bool:
        """Whether anything is known, the service has been asked since the start, and was heard lately
        enough."""
        is_known = self._asked.is_set() and self._knowledge.serves is not None
        return is_known and not self._is_silent

    # ------------------------------------------------------------- what a guard wants to know

    async def standing(self, institution_id: str) -> Standing:
        """Raises TokenInvalid for an institution that is not guarded here, CannotTell."""
        await self._require_heard()
        dossier = self._knowledge.dossiers.get(institution_id)
        if dossier is not None and dossier.is_known:
            return dossier.standing
        if dossier is None:
            await self._require_told(institution_id)
        return await self._become_known(institution_id)

    async def seek_key(self, standing: Standing, header: bytes) -> None:
        """Reads the institution's key set again, unless that was tried a moment ago. If it is in there:
        waits until it is heard that it holds, a moment at most."""
        await self._keys.read(standing.issuer.rpartition("/")[2])
        await self._hear(lambda: not standing.awaits_word_of(header))

    async def hear_of(self, standing: Standing, claims: Claims) -> None:
        """Waits until it is heard that the token's application may act, a moment at most."""
        await self._hear(lambda: standing.knows(claims))

    async def _hear(self, holds: Callable[[], bool]) -> None:
        """Returns once something holds by what was heard, or when a moment has passed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while not holds():
                    await self._news.wait()

    async def _require_told(self, institution_id: str) -> None:
        """Waits a moment for an institution of which nothing was told: it may be new, or have made its
        first key a moment ago. Raises TokenInvalid for one that is not the gateway's, CannotTell."""
        if self._strangers >= MOST_STRANGERS:
            raise CannotTell("too-many-strangers")
        self._strangers += 1
        try:
            await self._hear(lambda: institution_id in self._knowledge.dossiers)
        finally:
            self._strangers -= 1
        if institution_id not in self._knowledge.dossiers:
            silent_for = asyncio.get_running_loop().time() - self._answered_at
            if silent_for > WAIT + LEEWAY or institution_id in (self._knowledge.serves or ()):
                raise CannotTell("institution-not-known-yet")
            raise TokenInvalid("institution-not-guarded")

    async def _become_known(self, institution_id: str) -> Standing:
        """Raises CannotTell where nothing can be said of an institution within a moment."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while True:
                    dossier = self._knowledge.dossiers.get(institution_id)
                    if dossier is not None and not dossier.is_known:
                        await self._keys.read(institution_id)
                    if dossier is not None and dossier.is_known:
                        return dossier.standing
                    await self._news_within(KEYS_PAUSE / 4)
        raise CannotTell("institution-not-known-yet")

    async def _require_heard(self) -> None:
        """Raises CannotTell where too little is known of the present.

        After a start the service is asked before anything is judged by what was remembered.
        """
        if not self._asked.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await self._asked.wait()
            if not self._asked.is_set():
                raise CannotTell("token-service-not-asked-yet")
        if self._is_silent:
            raise CannotTell("token-service-silent")

    @property
    def _is_silent(self) -> bool:
        """Whether it was not heard for longer than is suffered."""
        suffered = self._longest_silence
        return bool(suffered) and self._clock.now() - self._heard_at > suffered

    async def _news_within(self, seconds: float) -> None:
        """Returns with the next answer of the service, or when the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()

    # --------------------------------------------------------------------- from the service

    async def _step(self) -> None:
        """One answer of the service. Raises httpx.HTTPError, msgspec.DecodeError."""
        knowledge = self._knowledge
        after = knowledge.cursor
        response = await self._ask(after)
        if response is None:
            return
        if response.status_code == httpx.codes.BAD_REQUEST:
            knowledge.begin_anew()
        response.raise_for_status()
        answer = msgspec.structs.replace(_decode(response.content), is_whole=not after)
        if answer.cursor != after:
            is_kept = await self._scribe.add(answer)
            knowledge.hear(answer)
            if not is_kept:
                await self._remember()
        self._heard_at = self._clock.now()
        for dossier in knowledge.dossiers.values():
            dossier.standing.forget(self._heard_at)
        self._answered_at = asyncio.get_running_loop().time()
        self._tell()
        old = (name for name in knowledge.judged() if self._keys.is_old(name))
        self._keys.read_beside(list(dict.fromkeys((*knowledge.needing_keys(), *old))))

    def _tell(self) -> None:
        """Wakes everybody who waits for news."""
        self._news.set()
        self._news = asyncio.Event()

    async def _ask(self, after: str) -> httpx.Response | None:
        """What the service answers to the cursor `after`; None where all is wanted anew meanwhile."""
        # The first answer after a start is waited for by all who call: it is not held back.
        wait = self._wait if self._asked.is_set() else 0
        query = {"after": after, "wait": str(wait)} if after else {}
        timeout = httpx.Timeout(LEEWAY, read=wait + LEEWAY)
        headers = {"transactionId": new_transaction_id()}
        try:
            async with asyncio.timeout(None) as held:
                # What asks for all is never given up for something else that asks for all.
                self._held = held if after else None
                return await self._http.get(
                    "/oauth2/v1/revocations", params=query, headers=headers, timeout=timeout
                )
        except TimeoutError:
            return None
        finally:
            self._held = None

    def _hold_no_longer(self) -> None:
        """Gives up the request that the service holds: something else is to be asked."""
        if self._held is not None and not self._held.expired():
            self._held.reschedule(asyncio.get_running_loop().time())

    async def _take_keys(self, key_set: KeySet) -> None:
        """Takes over a key set that was read. Raises ValueError for what is none."""
        self._knowledge.take_keys(key_set)
        if not self._knowledge.cursor:
            self._hold_no_longer()
        self._tell()
        if not await self._scribe.add(key_set):
            await self._remember()

    # ------------------------------------------------------------------------ over a restart

    async def _remember(self) -> None:
        """Writes down all that is known."""
        await self._scribe.begin(lambda: self._knowledge.everything(self._heard_at))

    async def _recall(self) -> None:
        """Goes on from what was remembered; the service says what is new since."""
        remembered = await self._scribe.load()
        if not remembered or not isinstance(remembered[0], Everything):
            return
        if remembered[0].base_url != self._knowledge.base_url:
            log.warning("memory-of-another-service")
            return
        try:
            self._knowledge.recall(remembered[0])
            for record in remembered[1:]:
                if isinstance(record, Answer):
                    self._knowledge.hear(record)
                elif isinstance(record, KeySet):
                    self._knowledge.take_keys(record)
        except ValueError:
            log.warning("memory-unreadable")
            self._knowledge = Knowledge(self._knowledge.base_url)
            return
        self._heard_at = remembered[0].heard_at
        await self._remember()


def _is_refused(error: Exception) -> bool:
    """Whether the service answered that it does not want to hear from us."""
    refused = {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN, httpx.codes.TOO_MANY_REQUESTS}
    return isinstance(error, httpx.HTTPStatusError) and error.response.status_code in refused


_decode = msgspec.json.Decoder(Answer).decode
