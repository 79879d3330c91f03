"""Which function exercises which announced value."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, NamedTuple

from tests.bank import Bank
from tests.browser import Browser

ANY = object()
"""Instead of a value: the function takes every value of its member."""


class Stage(NamedTuple):
    """Where an exercise happens: a bank, and a browser with nothing in it."""

    bank: Bank
    browser: Browser

    @property
    def issuer(self) -> str:
        return self.browser.issuer

    async def post(self, endpoint: str, *, basic: str = "", **form: str) -> Any:
        """A call of one of the issuer's endpoints; `basic` names who proves itself by HTTP Basic."""
        headers = {"Authorization": self.bank.basic(basic)} if basic else {}
        url = f"{self.issuer}/oauth2/{endpoint}"
        return await self.bank.http.post(url, data=form, headers=headers)

    async def userinfo(self, token: str) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        answer = await self.bank.http.get(f"{self.issuer}/oauth2/userinfo", headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()


Exercise = Callable[[Stage, Any], Awaitable[None]]
EXERCISES: dict[tuple[str, object], Exercise] = {}


def exercises(member: str, *values: object) -> Callable[[Exercise], Exercise]:
    """Puts a function into the table for `values` of a member, for all of them where none is named."""

    def register(function: Exercise) -> Exercise:
        for value in values or (ANY,):
            assert (member, value) not in EXERCISES
            EXERCISES[member, value] = function
        return function

    return register


def announced(document: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every member with each of its values."""
    for member, given in document.items():
        for value in given if isinstance(given, list) else [given]:
            yield member, value


def exercise_of(member: str, value: object) -> Exercise | None:
    return EXERCISES.get((member, value)) or EXERCISES.get((member, ANY))
