"""What stands in front of the sandbox's router: requests on which a fault was ordered are spoiled."""

import asyncio
import time
from email.utils import formatdate
from pathlib import Path

import msgspec
import structlog

from moneyer.endpoints.http import NO_STORE, Answer, HangUp, Request
from moneyer.endpoints.http1.messages import Turn, write_answer
from moneyer.endpoints.router import Router
from moneyer.protocol.failures import Failure
from moneyer.sandbox.faults.catalogue import catalogue
from moneyer.sandbox.faults.fault import Ordered, Scene
from moneyer.sandbox.faults.orders import HEADER, BadOrder, read_order
from moneyer.sandbox.faults.place import place_of
from moneyer.sandbox.faults.rest import Rest
from moneyer.sandbox.faults.standing import Damaged, Standing, StandingOrders
from moneyer.sandbox.faults.whose import application_of
from moneyer.sandbox.faults.words import failed
from moneyer.sandbox.seed import SandboxFolder

log = structlog.get_logger()

PATH = "/docs/faults"


class Faults:
    """Answers in the place of `router`, for the sandbox whose data are in `folder`.

    A header on the request comes first; where there is none, what stands for its application. Raises
    HangUp where the connection is to end.
    """

    def __init__(self, router: Router, folder: Path) -> None:
        self._router = router
        self._known = catalogue(SandboxFolder(folder).database)
        self._standing = StandingOrders(folder)
        self._state = (0, 0, 0)
        self._applications: frozenset[str] = frozenset()
        self._rest = Rest()

    def hold_nobody(self) -> None:
        """Lets everybody go who waits: the server stops."""
        self._rest.end()
        self._router.hold_nobody()

    async def handle(self, request: Request) -> Answer:
        """The answer to `request`, spoiled as ordered. Raises HangUp."""
        sent = [value for name, value in request.headers if name == HEADER]
        base_path = self._router.base_path
        if request.method in {"GET", "HEAD"} and request.path == f"{base_path}{PATH}":
            return _told(200, self._list())
        place = place_of(request, base_path)
        headers = [header for header in request.headers if header[0] != HEADER]
        scene = Scene(
            msgspec.structs.replace(request, headers=headers) if sent else request,
            self._router.service,
            place,
            self._rest,
        )
        try:
            ordered = self._by_header(sent, scene) if sent else await self._by_standing(scene)
        except BadOrder as error:
            return _told(400, f"Moneyer-Fault: {error}. There are:\n\n{self._list()}")
        if not ordered:
            return await self._router.handle(scene.request)
        return await self._play(scene, ordered)

    # -------------------------------------------------------------- what was ordered

    def _by_header(self, sent: list[bytes], scene: Scene) -> tuple[Ordered, ...]:
        """Raises BadOrder, also for a fault that this request cannot have."""
        if len(sent) > 1:
            raise BadOrder("the header stands twice")
        ordered = read_order(sent[0].decode("latin-1"), self._known)
        for fault, _ in ordered:
            if not fault.site.holds(scene):
                raise BadOrder(f"{fault.name} can be ordered on {fault.site.words}")
        return ordered

    async def _by_standing(self, scene: Scene) -> tuple[Ordered, ...]:
        """What stands for the application that asks and can happen here, counted down."""
        if not self._any_stands():
            return ()
        client_id = application_of(scene.request, scene.place)
        if client_id not in self._applications:
            return ()
        try:
            taken = await asyncio.to_thread(
                self._standing.take,
                lambda order: order.client_id == client_id and bool(self._fitting(order, scene)),
            )
        except Damaged:
            return ()
        return self._fitting(taken, scene) if taken else ()

    def _any_stands(self) -> bool:
        """Whether there are orders; the file is read only when it is another than before."""
        state = self._standing.state()
        if state != self._state:
            try:
                orders = self._standing.all()
            except Damaged as error:
                log.warning("faults-damaged", reason=str(error))
                orders = ()
            self._state = state
            self._applications = frozenset(order.client_id for order in orders)
        return bool(self._applications)

    def _fitting(self, order: Standing, scene: Scene) -> tuple[Ordered, ...]:
        """The order, if all of it can happen to this request."""
        try:
            ordered = read_order(order.faults, self._known)
        except BadOrder:
            return ()
        return ordered if all(one.fault.site.holds(scene) for one in ordered) else ()

    # ---------------------------------------------------------------- what happens

    async def _play(self, scene: Scene, ordered: tuple[Ordered, ...]) -> Answer:
        answer, played = await self._before(scene, ordered)
        if answer is None:
            answer = await self._handled(scene)
        for fault, argument in ordered:
            if fault.after is not None:
                answer = await fault.after(scene, answer, argument)
                played = played if fault.name in played else [*played, fault.name]
        mark = ", ".join(name for name in self._known if name in played)
        return _sent(scene, answer._replace(headers=[*answer.headers, (HEADER, mark.encode())]))

    async def _handled(self, scene: Scene) -> Answer:
        for _ in range(scene.times - 1):
            await self._router.handle(scene.request)
        return await self._router.handle(scene.request)

    async def _before(
        self, scene: Scene, ordered: tuple[Ordered, ...]
    ) -> tuple[Answer | None, list[str]]:
        """What is answered in the place of handling the request, and what has happened until then."""
        played: list[str] = []
        for fault, argument in ordered:
            if fault.before is None:
                continue
            played.append(fault.name)
            try:
                answer = await fault.before(scene, argument)
            except Failure as failure:
                answer = failed(scene, failure)
            if answer is not None:
                return answer, played
        return None, played

    def _list(self) -> str:
        width = max(len(fault.usage) for fault in self._known.values())
        lines = [f"{f.usage:{width}}  {f.line} [{f.site.words}]" for f in self._known.values()]
        return "\n".join(lines) + "\n"


def _sent(scene: Scene, answer: Answer) -> Answer:
    """The answer, where it is sent whole by an honest clock. Raises HangUp where it is not."""
    if scene.ending == "nothing":
        raise HangUp
    if not (scene.ending or scene.shift):
        return answer
    date = f"date: {formatdate(time.time() + scene.shift, usegmt=True)}\r\n".encode()
    whole = write_answer(answer, Turn(scene.request, is_last=True), date, is_last=True)
    cut = (len(answer.body) + 1) // 2 if scene.ending and scene.request.method != "HEAD" else 0
    raise HangUp(whole[: len(whole) - cut])


def _told(status: int, text: str) -> Answer:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *NO_STORE]
    return Answer(status, headers, text.encode())
