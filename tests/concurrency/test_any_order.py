"""Calls at once, of every kind, on the same families: each time there is an order that explains it.

A machine draws what happens; the model in `orders` says what may come of it. The same symbol always
has the same text, so a retry is the same to the byte and no generation ever has two successors.
"""

import asyncio
import base64
import json
import tempfile
from collections import Counter
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from moneyer.keys.lifecycle import rotate
from moneyer.keys.sealing import new_key
from moneyer.protocol.clock import SECOND
from tests.bank import Bank, TestClock
from tests.concurrency.orders import (
    App,
    Call,
    Code,
    Exchange,
    Refresh,
    Revoke,
    Seen,
    Texts,
    World,
    explain,
    seen,
)
from tests.store.counting import check_chains

SCOPES = ("accounts:read", "transactions:read", "transfers:write")
OWNERS = ("web", "till")
STEPS = 30
EXAMPLES = 50

# What to call, for whom, on which family or code, how far back, with which header, for which scopes.
CALLS = st.lists(
    st.tuples(
        st.sampled_from(["refresh"] * 30 + ["revoke", "exchange"]),
        st.sampled_from(["owner"] * 20 + ["web", "till", "rival"]),
        st.integers(0, 2),
        st.sampled_from([0] * 12 + [1] * 6 + [2, 4]),
        st.sampled_from([None] * 4 + ["own"] * 12 + ["00016", "00042"]),
        st.sampled_from([None] * 7 + [SCOPES[:1], SCOPES[:2], SCOPES[2:]]),
    ),
    min_size=1,
    max_size=4,
)
BURSTS = st.lists(CALLS, min_size=4, max_size=16)


class Families(RuleBasedStateMachine):
    """The service in this process, and the model beside it."""

    answered: ClassVar[Counter[tuple[str, int]]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = TestClock()
        self.bank = Bank(Path(self.folder.name), self.clock)
        web = self.bank.admin.applications.get("web")
        self.bank.add_application(msgspec.structs.replace(web, client_id="till"))
        self.world = World({"web": App(SCOPES), "till": App(SCOPES), "rival": App(SCOPES, ("00042",))})
        self.texts = Texts()
        self.code_texts: list[str] = []
        self.stack = AsyncExitStack()
        self.runner.run(self._open())

    async def _open(self) -> None:
        await self.stack.enter_async_context(self.bank.open())

    def teardown(self) -> None:
        try:
            self.runner.run(self.stack.aclose())
            self.check_books()
        finally:
            self.runner.close()
            self.bank.engine.dispose()
            self.folder.cleanup()

    def check_books(self) -> None:
        """The rows are the model's families, no more; dead is dead; the chains are whole."""
        with self.bank.engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT generation, status FROM families").all()
        model = [
            (family.generation, "live" if family.alive else "revoked")
            for family in self.world.families.values()
        ]
        assert sorted(tuple(row) for row in rows) == sorted(model)
        check_chains(Path(self.folder.name) / "moneyer.db")

    # What happens at once.

    @rule(bursts=BURSTS, pauses=st.lists(st.sampled_from([0, 0, 1, 59, 60]), min_size=16, max_size=16))
    def call(self, bursts: list[list[Any]], pauses: list[int]) -> None:
        for number, drawn in enumerate(bursts):
            self._open_families(number)
            self.call_at_once(drawn)
            self._tick(pauses[number])

    def _open_families(self, turn: int) -> None:
        """So that among the youngest there are some that live."""
        for client in OWNERS:
            if turn % 8 == 7 and not self.world.apps[client].active:
                self.change_application(client, App(SCOPES))
        lately = list(self.world.families.values())[-3:]
        if sum(family.alive for family in lately) < 2:
            self.issue_code(OWNERS[turn % 2], ("00016", "00042")[turn // 2 % 2], SCOPES[:2], True)

    def call_at_once(self, drawn: list[Any]) -> None:
        if not self.world.codes:
            return
        calls = [call for one in drawn if (call := self._call(*one)) is not None]
        answers = self.runner.run(self._gather(calls))
        Families.answered += Counter(
            (type(call).__name__, answer.status) for call, answer in zip(calls, answers, strict=True)
        )
        found = explain(self.world, self.texts, calls, answers)
        assert found is not None, (self.world, calls, answers)
        self.world, new = found
        self.texts.of |= new
        for symbol, text in new.items():
            if symbol[0] == "access":
                payload = text.split(".")[1]
                claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
                assert claims["scope"].split() == list(symbol[4])  # type: ignore[call-overload]

    def _call(
        self,
        what: str,
        who: str,
        which: int,
        back: int,
        header: str | None,
        scopes: tuple[str, ...] | None,
    ) -> Call | None:
        """A drawn call, in terms of what there is: the younger families and codes first."""
        if what == "exchange":
            number = max(0, len(self.world.codes) - 1 - which)
            code = self.world.codes[number]
            place = code.institution if header in (None, "own") else header
            return Exchange(code.client if who in ("owner", "rival") else who, number, str(place))
        if not self.world.families:
            return None
        number = sorted(self.world.families)[-1 - which % len(self.world.families)]
        family = self.world.families[number]
        client = family.client if who == "owner" else who
        generation = max(0, family.generation - back)
        if what == "revoke":
            return Revoke(client, number, generation)
        return Refresh(
            client, number, generation, family.institution if header == "own" else header, scopes
        )

    async def _gather(self, calls: list[Call]) -> list[Seen]:
        answers = await asyncio.gather(*(self._send(call) for call in calls))
        return [seen(answer.status_code, answer.content) for answer in answers]

    async def _send(self, call: Call) -> httpx.Response:
        if isinstance(call, Exchange):
            return await self.bank.token(
                call.client,
                call.header,
                grant_type="authorization_code",
                code=self.code_texts[call.code],
            )
        text = self.texts.of["refresh", call.family, call.generation]
        if isinstance(call, Revoke):
            return await self.bank.revoke(text, call.client)
        form = {} if call.scopes is None else {"scopes": ",".join(call.scopes)}
        return await self.bank.renew(text, call.client, call.header, **form)

    # What happens between.

    def issue_code(self, client: str, institution: str, scopes: tuple[str, ...], take: bool) -> None:
        app = self.world.apps[client]
        if not app.active or not set(scopes) <= set(app.held):
            return
        text = self.runner.run(
            self.bank.code(
                institution,
                client_id=client,
                scopes=",".join(scopes),
                requested_scopes="offline_access",
            )
        )
        number = len(self.code_texts)
        self.code_texts.append(text)
        code = Code(client, institution, scopes, self.world.now)
        self.world = replace(self.world, codes={**self.world.codes, number: code})
        if take:
            self.call_at_once([("exchange", "owner", 0, 0, "own", None)])

    @rule(
        what=st.sampled_from([*["wait", "application"] * 3, "customer", "keys", "keys", "restart"]),
        seconds=st.sampled_from([30, 61, 3600, 13 * 86400, 13 * 86400, 14 * 86400]),
        client=st.sampled_from(OWNERS),
        institution=st.sampled_from(["00016", "00042"]),
        app=st.builds(
            App,
            st.sampled_from([SCOPES, SCOPES, SCOPES[:2], SCOPES[2:]]),
            active=st.sampled_from([True] * 7 + [False]),
            rotates=st.sampled_from([True, True, True, False]),
            window=st.sampled_from([60, 60, 60, 0, 3600]),
        ),
        disabled_between=st.booleans(),
    )
    def between(
        self,
        what: str,
        seconds: int,
        client: str,
        institution: str,
        app: App,
        disabled_between: bool,
    ) -> None:
        if what == "wait":
            self._tick(seconds)
        elif what == "application":
            self.change_application(client, app)
        elif what == "customer":
            self.change_customer(institution, disabled_between)
        elif what == "keys":
            self.rotate_keys(institution)
        else:
            self.runner.run(self.stack.aclose())
            self.runner.run(self._open())

    def _tick(self, seconds: int = 1) -> None:
        self.clock.advance(seconds)
        self.world = replace(self.world, now=self.world.now + seconds)

    def change_application(self, client: str, app: App) -> None:
        self.world = replace(self.world, apps={**self.world.apps, client: app})
        self.bank.change_application(
            client,
            status="active" if app.active else "disabled",
            refresh_policy="rotate" if app.rotates else "static",
            retry_window=app.window,
            scopes=(*app.held, "openid", "profile", "offline_access"),
        )
        self.runner.run(self.bank.refresh())

    def change_customer(self, institution: str, disabled_between: bool) -> None:
        """A new password, or disabled and enabled again: everything before has ended."""
        self._tick()
        for status in ("disabled", "active") if disabled_between else ("active",):
            self.bank.change_customer(institution, "ada", status=status)
        families = {
            number: replace(family, alive=False) if family.institution == institution else family
            for number, family in self.world.families.items()
        }
        changed = {**self.world.changed, institution: self.world.now}
        self.world = replace(self.world, families=families, changed=changed)
        self._tick()

    def rotate_keys(self, institution: str) -> None:
        """At once, between a refresh and its retry: what was struck before is struck the same again."""
        desk, hour = self.bank.admin.institutions, 3600 * SECOND
        newest = ("refresh", "owner", 0, 0, "own", None)
        self.call_at_once([newest])
        self._tick()
        now = self.clock.now()
        if keys := desk.keys(institution):
            spare = new_key(self.bank.keys.sealing, institution, "ES256", now - hour, None)
            with suppress(ValueError):
                keys = rotate((*keys, spare), now)
            desk.save_keys(institution, keys)
        self.runner.run(self.bank.refresh())
        self._tick()
        self.call_at_once([("refresh", "owner", 0, 1, "own", None)])


@pytest.mark.requirement("RT-01", "RT-02", "RT-03", "RT-05", "RT-07", "RT-09", "RV-07")
def test_whatever_happens_at_once_some_order_explains_it() -> None:
    run_state_machine_as_test(
        Families,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert Families.answered["Refresh", 200] > 2000
