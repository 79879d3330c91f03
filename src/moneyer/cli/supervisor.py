"""Many serving processes on one socket: started, replaced when they die or on SIGHUP, and stopped."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine

import structlog

from moneyer.cli.server import BACKLOG, GRACE, LEAVING

log = structlog.get_logger()

YOUNG = 10.0
"""Seconds: after a worker that lived longer, the next is started after the shortest pause."""
SHORTEST_PAUSE = 0.1
LONGEST_PAUSE = 1.0
PATIENCE = 60.0
"""Seconds a worker may take to be ready, and beyond its drain to end."""


class NotReady(Exception):
    """A worker ended before it was ready, with this exit status; it has said itself why."""

    def __init__(self, status: int) -> None:
        super().__init__(f"a worker ended with status {status} before it was ready")
        self.status = status


class Worker:
    """One serving process, a fresh run of the installed program.

    `number` is its place among the workers: 1, 2 and so on.
    """

    def __init__(self, number: int, process: asyncio.subprocess.Process, alive: int) -> None:
        self.number = number
        self.process = process
        self.since = asyncio.get_running_loop().time()
        self._alive: int | None = alive

    @classmethod
    async def start(cls, number: int, command: list[str], listening: socket.socket) -> "Worker":
        """Returns when it serves. Raises NotReady."""
        readable, ready = os.pipe()
        alive, holding = os.pipe()
        handed = {"listening": listening.fileno(), "ready": ready, "alive": alive}
        options = [f"--{name}={descriptor}" for name, descriptor in handed.items()]
        process = await asyncio.create_subprocess_exec(
            *command, f"--number={number}", *options, pass_fds=list(handed.values())
        )
        os.close(ready)
        os.close(alive)
        worker = cls(number, process, holding)
        if not await _said_something(readable):
            worker.kill()
            raise NotReady(await worker.ended())
        return worker

    def leave(self) -> None:
        """Its place is taken: it listens no more, and ends when its callers have gone."""
        if self._alive is not None:
            os.close(self._alive)
            self._alive = None

    def stop(self) -> None:
        """It is to end, its callers to go elsewhere."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        if self.process.returncode is None:
            self.process.kill()

    async def ended(self) -> int:
        """The exit status, once it has ended."""
        status = await self.process.wait()
        self.leave()
        return status


class Supervisor:
    """Keeps `count` workers serving on `listening`, each a run of `command`."""

    def __init__(self, command: list[str], listening: socket.socket, count: int, drain: float) -> None:
        self._command = command
        self._listening = listening
        self._count = count
        self._drain = drain
        self._told = asyncio.Event()
        self._workers: dict[int, Worker] = {}
        self._pauses: dict[int, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._replacing = asyncio.Lock()

    async def run(self, ready: Callable[[], None]) -> None:
        """Serves until SIGINT or SIGTERM; SIGHUP replaces the workers one by one.

        Calls `ready` when all of them serve. Raises NotReady when the first does not begin to.
        """
        self._listening.listen(BACKLOG)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop)
        loop.add_signal_handler(signal.SIGHUP, lambda: self._in_background(self._replace_all()))
        try:
            # One first: what is wrong with the settings is then said once.
            await self._start(1)
            await asyncio.gather(*map(self._start_at_last, range(2, self._count + 1)))
            if not self._told.is_set():
                ready()
            await self._told.wait()
        finally:
            await self._end()

    def _stop(self) -> None:
        """The first time all end in good order, the second time at once."""
        if self._told.is_set():
            for worker in self._workers.values():
                worker.kill()
        self._told.set()

    async def _start(self, number: int) -> None:
        worker = await Worker.start(number, self._command, self._listening)
        former = self._workers.get(number)
        self._workers[number] = worker
        self._in_background(self._watch(worker))
        if former:
            former.leave()
            self._in_background(_see_out(former, LEAVING + GRACE + PATIENCE))
        if self._told.is_set():
            worker.stop()

    async def _replace_all(self) -> None:
        async with self._replacing:
            for number in range(1, self._count + 1):
                if self._told.is_set():
                    return
                try:
                    await self._start(number)
                except NotReady as error:
                    log.error("rolling-restart-given-up", worker=number, status=error.status)  # noqa: TRY400
                    return
            log.info("workers-replaced", workers=self._count)

    async def _watch(self, worker: Worker) -> None:
        """Starts another in the place of one that ends without being told to."""
        status = await worker.ended()
        if self._told.is_set() or self._workers.get(worker.number) is not worker:
            return
        log.error("worker-ended", worker=worker.number, pid=worker.process.pid, status=status)
        if asyncio.get_running_loop().time() - worker.since > YOUNG:
            self._pauses.pop(worker.number, None)
        async with self._replacing:
            await self._pause(worker.number)
            if self._workers.get(worker.number) is worker:
                await self._start_at_last(worker.number)

    async def _start_at_last(self, number: int) -> None:
        """Tries until it serves: what hinders it now did not hinder the first worker."""
        while not self._told.is_set():
            try:
                await self._start(number)
            except NotReady as error:
                log.error("worker-not-ready", worker=number, status=error.status)  # noqa: TRY400
                await self._pause(number)
            else:
                return

    async def _pause(self, number: int) -> None:
        """Each time twice as long as the last, as long as its workers do not live."""
        pause = self._pauses.get(number, SHORTEST_PAUSE)
        self._pauses[number] = min(2 * pause, LONGEST_PAUSE)
        await asyncio.sleep(pause)

    async def _end(self) -> None:
        self._told.set()
        workers = list(self._workers.values())
        for worker in workers:
            worker.stop()
        self._listening.close()
        await asyncio.gather(*(_see_out(w, self._drain + 2 * GRACE + PATIENCE) for w in workers))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _in_background(self, step: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(step)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _see_out(worker: Worker, patience: float) -> None:
    """Waits for its end, and makes one after `patience` seconds."""
    try:
        async with asyncio.timeout(patience):
            await worker.ended()
    except TimeoutError:
        worker.kill()
        await worker.ended()


async def _said_something(readable: int) -> bool:
    """Whether a byte comes out of a pipe before it is closed, and in time."""
    loop = asyncio.get_running_loop()
    seen = asyncio.Event()
    loop.add_reader(readable, seen.set)
    try:
        async with asyncio.timeout(PATIENCE):
            await seen.wait()
        return bool(os.read(readable, 1))
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(readable)
        os.close(readable)


def worker_command(settings: str | None) -> list[str]:
    """The command line of a worker, with the file of settings that this process was given."""
    chosen = ["--settings", settings] if settings else []
    return [sys.executable, "-m", "moneyer", "worker", *chosen]
