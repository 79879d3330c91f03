"""Following the token service, so that a token is checked without asking it.

One request is always open: the service answers it when something has ended, or after a while. What it
answers is remembered before it is acted on: nothing that was refused once gets through after a restart.
While the service is away everything goes on as it is known; what ended stays ended.
"""

import asyncio
import random
from contextlib import suppress

import httpx
import msgspec
import structlog

from moneyer.gateway.knowledge import Answer, Everything, KeySet, Knowledge
from moneyer.gateway.memory import Memory
from moneyer.gateway.refusals import CannotTell, TokenInvalid
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
LONGEST_PAUSE = 5.0
"""Seconds between two tries while the service is away."""
TELLING_PAUSE = 3.2
"""The pause, of those that double, from which on it is worth a warning: after six seconds or so."""
KEYS_AGE = 600.0
"""Seconds after which a key set is read again."""
KEYS_PAUSE = 1.0
"""Seconds between two readings of one key set, whatever callers send."""
PATIENCE = 2.0
"""Seconds for which a call waits until something is known of its institution."""
MOST_STRANGERS = 64
"""Calls that may wait whether an institution that is not guarded here is about to be."""

log = structlog.get_logger()


class Follower:
    """Keeps what is known in step with the token service. Belongs to one event loop.

    `http` knows the service's address and this gateway's secret. `longest_silence`: for how many
    seconds the service may be away before nothing is let through any more; 0 is for ever.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        base_url: str,
        clock: Clock,
        memory: Memory,
        longest_silence: int = 0,
    ) -> None:
        self._http = http
        self._clock = clock
        self._memory = memory
        self._longest_silence = longest_silence * SECOND
        self._heard_at = 0
        self._knowledge = Knowledge(base_url)
        self._keys_read_at: dict[str, float] = {}
        self._reading: dict[str, asyncio.Lock] = {}
        self._news = asyncio.Event()
        self._asked = asyncio.Event()
        self._strangers = 0
        self._answered_at = float("-inf")
        self._remembering = asyncio.Lock()
        self._held: asyncio.Timeout | None = None

    async def run(self) -> None:
        """Follows for ever. Whatever goes wrong is logged, and tried again."""
        await self._recall()
        pause = PAUSE
        while True:
            try:
                await self._step()
                pause = PAUSE
            except (httpx.HTTPError, msgspec.DecodeError) as error:
                # A moment is no news: a connection that was closed, a service that starts or stops.
                say = log.warning if pause >= TELLING_PAUSE else log.info
                say("token-service-away", reason=_reason(error))
                pause = min(pause * 2, LONGEST_PAUSE)
            except Exception as error:
                log.error("following-failed", reason=type(error).__name__, exc_info=True)
                pause = min(pause * 2, LONGEST_PAUSE)
            self._asked.set()
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - spreads load

    @property
    def is_ready(self) -> bool:
        """Whether anything is known, and the service has been asked since the start."""
        return self._asked.is_set() and self._knowledge.serves is not None

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

    async def read_keys(self, standing: Standing) -> None:
        """Reads the institution's key set again, unless that was tried a moment ago."""
        await self._read_keys(standing.issuer.rpartition("/")[2])

    async def hear_of(self, standing: Standing, claims: Claims) -> None:
        """Waits until it is heard that the token's application may act, a moment at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while not standing.knows(claims):
                    await self._news.wait()

    async def _require_told(self, institution_id: str) -> None:
        """Waits a moment for an institution of which nothing was told: it may be new, or have made its
        first key a moment ago. Raises TokenInvalid for one that is not the gateway's, CannotTell."""
        if self._strangers >= MOST_STRANGERS:
            raise CannotTell("too-many-strangers")
        self._strangers += 1
        try:
            async with asyncio.timeout(PATIENCE):
                while institution_id not in self._knowledge.dossiers:
                    await self._news.wait()
        except TimeoutError:
            silent_for = asyncio.get_running_loop().time() - self._answered_at
            if silent_for > WAIT + LEEWAY or institution_id in (self._knowledge.serves or ()):
                raise CannotTell("institution-not-known-yet") from None
            raise TokenInvalid("institution-not-guarded") from None
        finally:
            self._strangers -= 1

    async def _become_known(self, institution_id: str) -> Standing:
        """Raises CannotTell where nothing can be said of an institution within a moment."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while True:
                    dossier = self._knowledge.dossiers.get(institution_id)
                    if dossier is not None and not dossier.is_known:
                        await self._read_keys(institution_id)
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
        if self._longest_silence and self._clock.now() - self._heard_at > self._longest_silence:
            raise CannotTell("token-service-silent")

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
            is_kept = await self._add(answer)
            knowledge.hear(answer)
            if not is_kept:
                await self.remember()
        self._heard_at = self._clock.now()
        for dossier in knowledge.dossiers.values():
            dossier.standing.forget(self._heard_at)
        self._answered_at = asyncio.get_running_loop().time()
        for institution_id in list(knowledge.needing_keys()):
            await self._read_keys(institution_id)
        self._news.set()
        self._news = asyncio.Event()
        await self._read_old_keys()

    async def _ask(self, after: str) -> httpx.Response | None:
        """What the service answers to the cursor `after`; None where all is wanted anew meanwhile."""
        query = {"after": after, "wait": str(WAIT)} if after else {}
        timeout = httpx.Timeout(LEEWAY, read=WAIT + LEEWAY)
        headers = {"transactionId": new_transaction_id()}
        try:
            async with asyncio.timeout(None) as self._held:
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

    async def _read_keys(self, institution_id: str) -> None:
        """Reads a key set, unless that was done a moment ago; what goes wrong is logged.

        Of those who ask at the same time one reads, and all have the answer.
        """
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        async with self._reading.setdefault(institution_id, asyncio.Lock()):
            if self._keys_read_at.get(institution_id, -KEYS_PAUSE) > asked_at - KEYS_PAUSE:
                return
            try:
                answer = await self._http.get(f"/i/{institution_id}/oauth2/jwks", timeout=LEEWAY)
                answer.raise_for_status()
                key_set = KeySet(institution_id, answer.text)
                self._knowledge.take_keys(key_set)
                if not self._knowledge.cursor:
                    self._hold_no_longer()
                if not await self._add(key_set):
                    await self.remember()
            except (httpx.HTTPError, ValueError) as error:
                log.warning("key-set-unread", reason=_reason(error))
            finally:
                self._keys_read_at[institution_id] = loop.time()

    async def _read_old_keys(self) -> None:
        now = asyncio.get_running_loop().time()
        for institution_id, dossier in list(self._knowledge.dossiers.items()):
            if dossier.is_open and now - self._keys_read_at.get(institution_id, 0) >= KEYS_AGE:
                await self._read_keys(institution_id)

    # ------------------------------------------------------------------------ over a restart

    async def remember(self) -> None:
        """Writes down all that is known."""
        async with self._remembering:
            everything = self._knowledge.everything(self._heard_at)
            await asyncio.to_thread(self._memory.begin, everything)

    async def _add(self, record: Answer | KeySet) -> bool:
        """False where it is time to write down all anew."""
        async with self._remembering:
            return await asyncio.to_thread(self._memory.add, record)

    async def _recall(self) -> None:
        """Goes on from what was remembered; the service says what is new since."""
        remembered = await asyncio.to_thread(self._memory.load)
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
        await self.remember()


_decode = msgspec.json.Decoder(Answer).decode


def _reason(error: Exception) -> str:
    """What to tell an operator: the status where there was an answer, else the kind of error."""
    if isinstance(error, httpx.HTTPStatusError):
        return f"HTTP {error.response.status_code}"
    return type(error).__name__
