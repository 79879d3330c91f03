"""What a fault is, and one request on which faults were ordered."""

from collections.abc import Awaitable, Callable
from typing import Literal, NamedTuple

from moneyer.endpoints.http import Answer, Request
from moneyer.endpoints.service import Service
from moneyer.sandbox.faults.place import Place
from moneyer.sandbox.faults.rest import Rest


class Scene:
    """A request on which faults were ordered, and what has been decided about its answer.

    `times` is how often it is handled; `shift` by how many seconds the clock is off; `ending` whether
    the connection ends before all of the answer, or any of it, has been sent.
    """

    def __init__(self, request: Request, service: Service, place: Place, rest: Rest) -> None:
        self.request = request
        self.service = service
        self.place = place
        self.rest = rest
        self.times = 1
        self.shift = 0
        self.ending: Literal["", "half", "nothing"] = ""


Before = Callable[[Scene, int], Awaitable[Answer | None]]
"""A step before the request is handled; an answer takes the place of all that."""

After = Callable[[Scene, Answer, int], Awaitable[Answer]]
"""A step that changes what is answered."""


class Argument(NamedTuple):
    """A whole number after the name. Without a `default` it has to be given."""

    unit: str
    least: int
    most: int
    default: int | None = None


class Site(NamedTuple):
    """Where a fault can be ordered: in words, and whether a request is from there."""

    words: str
    holds: Callable[[Scene], bool]


class Fault(NamedTuple):
    """A fault that can be ordered. `answers`: it is an answer of its own, so there can be only one."""

    name: str
    line: str
    site: Site
    argument: Argument | None = None
    before: Before | None = None
    after: After | None = None
    answers: bool = False

    @property
    def usage(self) -> str:
        """How it is written: `latency=MS`, `unavailable[=SECONDS]`."""
        if self.argument is None:
            return self.name
        value = f"={self.argument.unit}"
        return self.name + (value if self.argument.default is None else f"[{value}]")


class Ordered(NamedTuple):
    """A fault as it was ordered."""

    fault: Fault
    argument: int = 0
