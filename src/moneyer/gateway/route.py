"""What a call needs: scope, audience, a customer; and in whose words it is refused."""

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Literal

import msgspec

_SEGMENT = r"[^/\\;%?#\x00-\x1f\x7f\ufffd]"
_INSTITUTION = frozenset({"institutionId", "fiId", "di_fiid"})


class Family(msgspec.Struct, frozen=True):
    """An API family, and the codes in which it refuses (wire-v2, section 4).

    `missing`: no token; `invalid`: one that opens nothing; `forbidden`: one that opens other things;
    `mismatch`: customer context that is missing, twofold, or another's.
    """

    name: str
    missing: str
    invalid: str
    forbidden: str
    mismatch: str


class Route(msgspec.Struct, frozen=True, dict=True):
    """One call of an API.

    `path` has its variable segments in braces, as in OpenAPI: `/v1/accounts/{accountId}`. One of
    `scopes` is enough. `customer` says whether an institution's token has to name a customer.
    `context_in_header` takes `institutionCustomerId` from a header as well as from the query. Of a
    customer's token it may be asked how the customer signed in: one of `acrs`, at most `max_age`
    seconds ago. A variable of `path` named `institutionId`, `fiId` or `di_fiid` has to be the token's.
    """

    method: str
    path: str
    family: Family
    scopes: tuple[str, ...] = ()
    customer: Literal["required", "none"] = "required"
    audience: Literal["apis", "legacy-apis"] = "apis"
    context_in_header: bool = False
    acrs: tuple[str, ...] = ()
    max_age: int | None = None

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What a path of this route matches whole.

        A variable is one segment of at most 128, or part of one, with nothing in it that somebody
        behind us might read as more: no dots alone, no second escape, no parameters of a segment.
        """
        parts = re.split(r"\{(\w+)\}", self.path)
        return re.compile(
            "".join(
                f"(?P<{part}>(?!\\.{{1,2}}(?:/|$)){_SEGMENT}{{1,128}})"
                if place % 2
                else re.escape(part)
                for place, part in enumerate(parts)
            )
        )

    @cached_property
    def institution_in_path(self) -> str:
        """The variable that names the institution; "" where none does."""
        return next((name for name in self.pattern.groupindex if name in _INSTITUTION), "")


class Routes:
    """The calls that are guarded. What is not among them is refused."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._by_method: dict[str, list[Route]] = {}
        for route in routes:
            self._by_method.setdefault(route.method, []).append(route)

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The first route that fits, and its variables by name; None where none does.

        HEAD asks for what GET would give (RFC 9110 section 9.3.2).
        """
        for route in self._by_method.get("GET" if method == "HEAD" else method, ()):
            if found := route.pattern.fullmatch(path):
                return route, found.groupdict()
        return None

    def methods(self, path: str) -> list[str]:
        """Every method that `path` has, in order."""
        return sorted(
            method
            for method, routes in self._by_method.items()
            if any(route.pattern.fullmatch(path) for route in routes)
        )
