"""What proxies are answered: the facts about a call, or how to refuse it."""

import ipaddress
from collections.abc import Callable, Iterable
from functools import lru_cache

import structlog

from moneyer.endpoints.http import Answer, RawHeaders, Request, json_answer
from moneyer.gatehouse.certificate import certificate_in
from moneyer.gatehouse.conventions import NGINX, convention_of
from moneyer.gatehouse.settings import Network
from moneyer.gateway.answers import RefusalAnswer, refusal_answer
from moneyer.gateway.call import ApiCall
from moneyer.gateway.door import Door
from moneyer.gateway.facts import facts_of, without_facts
from moneyer.gateway.refusals import NoRoute

REFUSAL = b"moneyer-refusal"
"""For nginx, which passes no body on: the refusal's."""
REFUSAL_STATUS = b"moneyer-refusal-status"
"""For nginx, to which every status but 2xx, 401 and 403 is an error of its own: the real one."""

_NOT_TRUSTED = json_answer(403, b'{"status":"ask from a trusted proxy"}')
_UNKNOWN = json_answer(404, b'{"status":"nothing is served under this path"}')
_LIVE = json_answer(200, b'{"status":"live"}')
_READY = json_answer(200, b'{"status":"ready"}')
_NOT_READY = json_answer(503, b'{"status":"not ready"}', (b"retry-after", b"1"))

log = structlog.get_logger()


class Front:
    """Answers proxies; `is_ready` is asked for each look at `/health/ready`."""

    def __init__(
        self,
        door: Door,
        trusted: Iterable[Network],
        is_ready: Callable[[], bool],
        *,
        base_url: str = "",
        certificate_header: str = "",
    ) -> None:
        networks = tuple(trusted)
        self._door = door
        self._is_ready = is_ready
        self._base_url = base_url
        self._certificate_header = certificate_header.encode()
        self._is_trusted = lru_cache(maxsize=1024)(lambda address: _is_in(address, networks))
        self.is_draining = False

    async def handle(self, request: Request) -> Answer:
        """One question of a proxy, or a look at the health."""
        path = request.path
        convention = convention_of(path)
        if convention is None:
            return self._health(path)
        if not self._is_trusted(request.source):
            log.warning("proxy-not-trusted", source=request.source)
            return _NOT_TRUSTED
        try:
            asked = convention(request)
        except NoRoute as refused:
            log.error("call-refused", reason=refused.reason)  # noqa: TRY400 - a mistake in a proxy's settings
            return _written(refusal_answer(refused, None), path)
        decided = await self._door.decide(
            ApiCall(
                asked.method,
                asked.path,
                asked.query,
                without_facts(request.headers),
                self._certificate(request.headers),
                f"{self._base_url}{asked.raw_path}" if self._base_url else "",
            )
        )
        if isinstance(decided, RefusalAnswer):
            return _written(decided, path)
        return Answer(200, facts_of(decided))

    def _health(self, path: str) -> Answer:
        if path == "/health/live":
            return _LIVE
        if path == "/health/ready":
            return _READY if self._is_ready() and not self.is_draining else _NOT_READY
        return _UNKNOWN

    def _certificate(self, headers: RawHeaders) -> bytes | None:
        name = self._certificate_header
        return certificate_in(headers, name) if name else None


def _written(answer: RefusalAnswer, path: str) -> Answer:
    if path != NGINX:
        return Answer(*answer)
    status = 401 if answer.status == 401 else 403
    headers = [
        *answer.headers,
        (REFUSAL_STATUS, str(answer.status).encode()),
        (REFUSAL, answer.body),
    ]
    return Answer(status, headers)


def _is_in(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)
