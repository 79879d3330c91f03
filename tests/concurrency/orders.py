"""What a bank's codes and refresh families do, as plain values: a world, a call, the world after it.

Written from the decision table and the V2 contract alone. Tokens are symbols here: a refresh token is
a family and a generation, an access token a turn of a family and its scopes.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import permutations

IDLE = 14 * 86400
ABSOLUTE = 90 * 86400
CODE_LIFETIME = 60

Symbol = tuple[object, ...]


@dataclass(frozen=True)
class Refresh:
    client: str
    family: int
    generation: int
    header: str | None
    scopes: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Revoke:
    client: str
    family: int
    generation: int


@dataclass(frozen=True)
class Exchange:
    client: str
    code: int
    header: str


Call = Refresh | Revoke | Exchange


@dataclass(frozen=True)
class Answer:
    """Status and code; the tokens, as symbols, where some are given."""

    status: int
    code: str = ""
    refresh: Symbol | None = None
    access: Symbol | None = None


NO_SUCH_TOKEN = Answer(400, "CMN_90016")


@dataclass(frozen=True)
class App:
    """An application; `institutions` are those it is entitled to."""

    held: tuple[str, ...]
    institutions: tuple[str, ...] = ("00016", "00042")
    active: bool = True
    rotates: bool = True
    window: int = 60


@dataclass(frozen=True)
class Code:
    client: str
    institution: str
    scopes: tuple[str, ...]
    created: int
    taken: bool = False


@dataclass(frozen=True)
class Family:
    """It has the number of the code that opened it."""

    client: str
    institution: str
    scopes: tuple[str, ...]
    started: int
    turned: int
    generation: int = 0
    alive: bool = True


@dataclass(frozen=True)
class World:
    apps: dict[str, App]
    changed: dict[str, int] = field(default_factory=dict)
    """When the customer of an institution was last changed."""
    codes: dict[int, Code] = field(default_factory=dict)
    families: dict[int, Family] = field(default_factory=dict)
    now: int = 0

    def after(self, call: Call) -> tuple["World", Answer]:
        app = self.apps[call.client]
        if not app.active:
            return self, Answer(401, "CMN_90001")
        if isinstance(call, Revoke):
            return self.revoked(call), Answer(204)
        if call.header is not None and call.header not in app.institutions:
            return self, Answer(403, "CMN_90006")
        return self.exchanged(call) if isinstance(call, Exchange) else self.refreshed(call, app)

    def put(self, number: int, family: Family) -> "World":
        return replace(self, families={**self.families, number: family})

    def revoked(self, call: Revoke) -> "World":
        family = self.families[call.family]
        if family.client != call.client:
            return self
        return self.put(call.family, replace(family, alive=False))

    def exchanged(self, call: Exchange) -> tuple["World", Answer]:
        code = self.codes[call.code]
        if code.institution != call.header or code.client != call.client:
            return self, NO_SUCH_TOKEN
        if code.taken:
            dead = replace(self.families[call.code], alive=False)
            return self.put(call.code, dead), NO_SUCH_TOKEN
        if self.now >= code.created + CODE_LIFETIME:
            return self, NO_SUCH_TOKEN
        if self.changed.get(code.institution, -1) >= code.created:
            return self, NO_SUCH_TOKEN
        family = Family(code.client, code.institution, code.scopes, self.now, self.now)
        world = replace(self, codes={**self.codes, call.code: replace(code, taken=True)})
        return world.put(call.code, family), given(call.code, family, code.scopes)

    def refreshed(self, call: Refresh, app: App) -> tuple["World", Answer]:
        family = self.families[call.family]
        elsewhere = call.header is not None and call.header != family.institution
        if elsewhere or family.institution not in app.institutions or family.client != call.client:
            return self, NO_SUCH_TOKEN
        if (
            not family.alive
            or self.now >= family.started + ABSOLUTE
            or self.now >= family.turned + IDLE
        ):
            return self, NO_SUCH_TOKEN
        behind = family.generation - call.generation
        retried = behind == 1 and self.now < family.turned + app.window
        if behind > 0 and not retried:
            return self.put(call.family, replace(family, alive=False)), NO_SUCH_TOKEN
        scopes = tuple(scope for scope in family.scopes if scope in app.held)
        if call.scopes is not None:
            if not set(call.scopes) <= set(scopes):
                return self, Answer(400, "CMN_90012")
            scopes = tuple(scope for scope in scopes if scope in call.scopes)
        if not retried:
            step = 1 if app.rotates else 0
            family = replace(family, generation=family.generation + step, turned=self.now)
        return self.put(call.family, family), given(call.family, family, scopes)


def given(number: int, family: Family, scopes: tuple[str, ...]) -> Answer:
    return Answer(
        200,
        refresh=(number, family.generation),
        access=(number, family.generation, family.turned, scopes),
    )


@dataclass(frozen=True)
class Seen:
    """What the service really answered."""

    status: int
    code: str = ""
    refresh: str = ""
    access: str = ""


def seen(status: int, body: bytes) -> Seen:
    found = json.loads(body or b"{}")
    return Seen(
        status,
        found.get("code", ""),
        found.get("refresh_token", ""),
        found.get("access_token", ""),
    )


class Texts:
    """Which text each symbol has: one for ever, and no two symbols the same."""

    def __init__(self) -> None:
        self.of: dict[Symbol, str] = {}

    def agree(self, pairs: Iterable[tuple[Symbol, str]]) -> dict[Symbol, str] | None:
        """What is new, where everything fits what is known; else None."""
        new: dict[Symbol, str] = {}
        for symbol, text in pairs:
            known = self.of.get(symbol) or new.get(symbol)
            if known is None:
                if text in new.values() or text in self.of.values():
                    return None
                new[symbol] = text
            elif known != text:
                return None
        return new


def explain(
    world: World, texts: Texts, calls: list[Call], seen: list[Seen]
) -> tuple[World, dict[Symbol, str]] | None:
    """An order in which the calls, one after another, would have been answered so; None without one."""
    tried = set()
    for order in permutations(range(len(calls))):
        sequence = tuple(calls[place] for place in order)
        if sequence in tried and len({seen[place] for place in order}) == 1:
            continue
        tried.add(sequence)
        after, pairs, fits = world, list[tuple[Symbol, str]](), True
        for place in order:
            after, expected = after.after(calls[place])
            fits = (expected.status, expected.code) == (seen[place].status, seen[place].code)
            if not fits:
                break
            pairs += symbols(expected, seen[place])
        if fits and (new := texts.agree(pairs)) is not None:
            return after, new
    return None


def symbols(expected: Answer, seen: Seen) -> Iterator[tuple[Symbol, str]]:
    if expected.refresh is not None and expected.access is not None:
        yield ("refresh", *expected.refresh), seen.refresh
        yield ("access", *expected.access), seen.access
