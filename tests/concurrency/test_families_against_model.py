"""Families driven at random against the model: ten thousand steps without one difference."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest

from moneyer.applications.application import Lifetimes
from tests.bank import Bank, TestClock
from tests.concurrency.model import RETRY_WINDOW, ModelFamily

STEPS = 3400
SEEDS = (1, 2, 3)

BOTH = ("00016", "00042")


class Driver:
    """Draws a step, takes it against the service and the model, and compares."""

    def __init__(self, bank: Bank, clock: TestClock, seed: int) -> None:
        self.bank = bank
        self.clock = clock
        self.chance = random.Random(seed)
        self.families: list[ModelFamily] = []
        self.active = {"web": True, "still": True}
        self.taken: dict[str, int] = {}
        self.stack = AsyncExitStack()

    @property
    def now(self) -> float:
        return self.clock.now() / 1_000_000

    async def open(self) -> None:
        await self.stack.enter_async_context(self.bank.open())

    async def step(self) -> str:
        steps: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (8, self.begin),
            (48, self.present),
            (8, self.present_in_parallel),
            (4, self.revoke),
            (4, self.narrow),
            (3, self.widen),
            (12, self.wait),
            (2, self.switch_application),
            (1, self.end_customer),
            (1, self.restart),
            (4, self.forge),
        ]
        weights = [weight for weight, _ in steps]
        _, chosen = self.chance.choices(steps, weights)[0]
        await chosen()
        name = chosen.__name__
        self.taken[name] = self.taken.get(name, 0) + 1
        return name

    def pick(self) -> ModelFamily | None:
        """A family, most often one of the younger ones, so that the living are met."""
        return self.chance.choice(self.families[-12:]) if self.families else None

    async def begin(self) -> None:
        client_id = self.chance.choice(("web", "web", "still"))
        if not self.active[client_id]:
            return
        institution_id = self.chance.choice(BOTH)
        code = await self.bank.code(
            institution_id,
            client_id=client_id,
            scopes="accounts:read,transactions:read",
            requested_scopes="offline_access",
        )
        answer = await self.bank.token(
            client_id, institution_id, grant_type="authorization_code", code=code
        )
        assert answer.status_code == 200, answer.text
        body = answer.json()
        self.families.append(
            ModelFamily(
                client_id,
                institution_id,
                [body["refresh_token"]],
                self.now,
                self.now,
                rotates=client_id == "web",
                last_answer=(body["access_token"], body["refresh_token"]),
            )
        )

    async def present(self) -> None:
        family = self.pick()
        if family is None:
            return
        length = len(family.tokens)
        index = max(0, length - 1 - self.chance.choice((0, 0, 0, 0, 1, 1, 2, 5)))
        await self.present_token(family, index)

    async def present_token(self, family: ModelFamily, index: int, **form: str) -> None:
        header = family.institution_id if self.chance.random() < 0.5 else None
        expected = family.expect(index, self.now, self.active[family.client_id])
        answer = await self.bank.renew(family.tokens[index], family.client_id, header, **form)
        self.compare(family, expected, answer.status_code, answer.json())

    def compare(self, family: ModelFamily, expected: str, status: int, body: Any) -> None:
        if expected == "unauthorized":
            assert (status, body["code"]) == (401, "CMN_90001"), body
        elif expected == "refuse":
            assert (status, body["code"]) == (400, "CMN_90016"), body
        else:
            assert status == 200, body
            received = (body["access_token"], body["refresh_token"])
            if expected == "turn":
                assert received[1] not in family.tokens
                family.tokens.append(received[1])
            elif expected == "same":
                assert received[1] == family.tokens[-1]
            else:
                assert received[1] == family.tokens[-1]
                if family.last_answer is not None:
                    assert received == family.last_answer
            if expected != "retry":
                family.turned = self.now
                family.last_answer = received

    async def present_in_parallel(self) -> None:
        """Several at once of the newest token: one turns, the rest are retries; all agree."""
        family = self.pick()
        if family is None or not family.rotates or not self.active[family.client_id]:
            return
        token = family.tokens[-1]
        expected = family.expect(len(family.tokens) - 1, self.now, True)
        count = self.chance.randint(2, 6)
        answers = await asyncio.gather(
            *(self.bank.renew(token, family.client_id, None) for _ in range(count))
        )
        assert len({(a.status_code, a.text) for a in answers}) == 1, [a.text for a in answers]
        self.compare(family, expected, answers[0].status_code, answers[0].json())

    async def narrow(self) -> None:
        """Fewer scopes in the access token; the family keeps all of them."""
        family = self.pick()
        if family is not None:
            await self.present_token(family, len(family.tokens) - 1, scopes="accounts:read")
            family.last_answer = None

    async def widen(self) -> None:
        """More scopes than were granted: refused, and the token stays as good as it was."""
        family = self.pick()
        if family is None or not self.active[family.client_id]:
            return
        before = family.alive
        expected = family.expect(len(family.tokens) - 1, self.now, True)
        family.alive = before
        answer = await self.bank.renew(
            family.tokens[-1], family.client_id, family.institution_id, scopes="transfers:write"
        )
        code = "CMN_90016" if expected == "refuse" else "CMN_90012"
        assert answer.json()["code"] == code, answer.text

    async def revoke(self) -> None:
        """Any token of the family's past will do."""
        family = self.pick()
        if family is None or not self.active[family.client_id]:
            return
        answer = await self.bank.revoke(self.chance.choice(family.tokens), family.client_id)
        assert answer.status_code == 204
        family.alive = False

    async def forge(self) -> None:
        """Damaged, another application's, another institution's: refused, and nothing changes."""
        family = self.pick()
        if family is None:
            return
        token = family.tokens[-1]
        damaged = token[:-3] + ("AAA" if token[-3:] != "AAA" else "BBB")
        other = next(i for i in BOTH if i != family.institution_id)
        for answer in (
            await self.bank.renew(damaged, "web", family.institution_id),
            await self.bank.renew(token, "thief", None),
            await self.bank.renew(token, "web", other),
        ):
            assert answer.status_code in (400, 401), answer.text
        assert (await self.bank.revoke(token, "thief")).status_code == 204

    async def wait(self) -> None:
        seconds = self.chance.choice((1, 5, RETRY_WINDOW - 1, RETRY_WINDOW, 3600, 86400))
        if self.chance.random() < 0.05:
            seconds = self.chance.choice((13 * 86400, 14 * 86400))
        self.clock.advance(seconds)

    async def switch_application(self) -> None:
        client_id = self.chance.choice(tuple(self.active))
        self.active[client_id] = not self.active[client_id] or self.chance.random() < 0.3
        status = "active" if self.active[client_id] else "disabled"
        self.bank.change_application(client_id, status=status)
        await self.bank.refresh()

    async def end_customer(self) -> None:
        """A new password, or disabled and enabled again: every family of that customer has ended."""
        institution_id = self.chance.choice(BOTH)
        for status in self.chance.choice((("active",), ("disabled", "active"))):
            self.bank.change_customer(institution_id, "ada", status=status)
        for family in self.families:
            if family.institution_id == institution_id:
                family.alive = False
        self.clock.advance(1)

    async def restart(self) -> None:
        await self.stack.aclose()
        await self.open()


@pytest.mark.requirement("RT-01", "RT-02", "RT-03", "RT-05", "RT-07", "RT-08", "RT-09")
@pytest.mark.parametrize("seed", SEEDS)
async def test_families_do_as_the_model_says(tmp_path: Path, clock: TestClock, seed: int) -> None:
    """Rotate, retry, parallel use, replay, revoke, narrow, disable, wait, restart: no difference.

    And a rotation adds no row: there are as many families as were opened.
    """
    bank = Bank(tmp_path, clock)
    web = bank.admin.applications.get("web")
    lifetimes = Lifetimes(access_token=1800, refresh_idle=14 * 86400, refresh_absolute=90 * 86400)
    bank.add_application(
        msgspec.structs.replace(web, client_id="still", refresh_policy="static", lifetimes=lifetimes)
    )
    bank.add_application(msgspec.structs.replace(web, client_id="thief"))
    driver = Driver(bank, clock, seed)
    await driver.open()
    for number in range(STEPS):
        try:
            await driver.step()
        except AssertionError as difference:
            raise AssertionError(f"seed {seed}, step {number}: {difference}") from difference
    await driver.stack.aclose()
    assert len(driver.taken) == 11
    with bank.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT count(*) FROM families").scalar()
    bank.engine.dispose()
    assert rows == len(driver.families)
