"""The password check at the bank's own core: whatever the core does, the customer is told the truth.

Right, wrong, or "try again": never "wrong" because the core was slow, broken or away.
"""

import asyncio
import gzip
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from moneyer.customers.core_bank import CircuitBreaker
from tests.attacks.core import BEARER, Core, asks_its_core, core_bank, core_serving
from tests.bank import PASSWORD, Bank, TestClock
from tests.v1 import classic

AT_CORE = "what only the core knows"


@pytest.fixture
async def core() -> AsyncIterator[Core]:
    async with core_serving() as core:
        core.passwords["00016", "ada"] = AT_CORE
        core.judge()
        yield core


@pytest.fixture
async def cored(closed_bank: Bank, core: Core) -> AsyncIterator[Bank]:
    """A bank whose institution 00016 has its passwords checked by `core`."""
    asks_its_core(closed_bank)
    async with closed_bank.open(core_bank=core_bank(core)) as bank:
        yield bank


async def attempt(bank: Bank, password: str = AT_CORE, username: str = "ada") -> httpx.Response:
    return await bank.token("mobile", grant_type="password", username=username, password=password)


def told_to_try_again(answer: httpx.Response) -> bool:
    return answer.status_code == 503 and int(answer.headers["retry-after"]) >= 1


def counted(bank: Bank) -> list[int]:
    """What is held against logins, sources and applications at present."""
    with bank.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT window_count, consecutive FROM attempts").all()
    return [count for row in rows for count in row]


async def test_the_core_decides_and_our_own_hash_counts_for_nothing(cored: Bank, core: Core) -> None:
    assert (await attempt(cored)).status_code == 200
    wrong = await attempt(cored, PASSWORD)
    assert (wrong.status_code, wrong.json()["code"]) == (401, "CMN_90015")
    assert core.asked[0] == {"institution_id": "00016", "login_id": "ada", "password": AT_CORE}
    assert f"authorization: bearer {BEARER}" in core.heads[0].lower()


async def test_an_institution_without_a_core_of_its_own_asks_nobody_elses(
    cored: Bank, core: Core
) -> None:
    """00042 checks for itself; were its policy to say core, 00016's core would not be asked."""
    sign_in: dict[str, Any] = {"grant_type": "password", "username": "ada", "password": PASSWORD}
    assert (await cored.token("rival", "00042", **sign_in)).status_code == 200
    asks_its_core(cored, "00042")
    await cored.refresh()
    assert told_to_try_again(await cored.token("rival", "00042", **sign_in))
    assert core.asked == []


@pytest.mark.parametrize("spelled", ["ADA", "\uff41\uff44\uff41", "Ada"])
async def test_the_core_is_asked_about_the_login_that_will_be_signed_in(
    cored: Bank, core: Core, spelled: str
) -> None:
    """A core may tell "ADA" from "ada": who owns the first is not signed in as the second."""
    core.passwords["00016", spelled] = "the password of somebody else"
    assert (await attempt(cored, "the password of somebody else", spelled)).status_code == 401
    assert (await attempt(cored, AT_CORE, spelled)).status_code == 200
    assert {question["login_id"] for question in core.asked} == {"ada"}


async def test_unknown_disabled_and_wrong_are_refused_alike_and_the_core_is_asked_about_each(
    cored: Bank, core: Core
) -> None:
    core.passwords["00016", "stranger"] = AT_CORE
    unknown = await attempt(cored, username="stranger")
    cored.change_customer("00016", "ada", status="disabled")
    disabled, wrong = await attempt(cored), await attempt(cored, "wrong", "biz")
    assert unknown.content == disabled.content == wrong.content
    assert {answer.status_code for answer in (unknown, disabled, wrong)} == {401}
    assert len(core.asked) == 3, "the same work is done for each"


NO_ANSWERS = {
    "error": (b'{"verified":true}', "500 Internal Server Error", ()),
    "not found": (b'{"verified":true}', "404 Not Found", ()),
    "created": (b'{"verified":true}', "201 Created", ()),
    "a redirect": (b"", "307 Temporary Redirect", ("Location: http://127.0.0.1:1/verify",)),
    "see other": (b'{"verified":true}', "303 See Other", ("Location: /verify",)),
    "nothing": (b"", "200 OK", ()),
    "no JSON": (b"<html>maintenance</html>", "200 OK", ()),
    "half of it": (b'{"verified":tr', "200 OK", ()),
    "two documents": (b'{"verified":true}{"verified":true}', "200 OK", ()),
    "no member": (b"{}", "200 OK", ()),
    "text": (b'{"verified":"true"}', "200 OK", ()),
    "a number": (b'{"verified":1}', "200 OK", ()),
    "null": (b'{"verified":null}', "200 OK", ()),
    "a list": (b'[{"verified":true}]', "200 OK", ()),
    "not UTF-8": (b'{"verified":\xff}', "200 OK", ()),
    "deep nesting": (b'{"x":' + b"[" * 4000, "200 OK", ()),
    "too long": (b'{"verified":true,"x":"' + b"x" * 5000 + b'"}', "200 OK", ()),
    "a bomb": (gzip.compress(b" " * 10_000_000), "200 OK", ("Content-Encoding: gzip",)),
}


@pytest.mark.parametrize(("body", "status", "headers"), NO_ANSWERS.values(), ids=NO_ANSWERS.keys())
async def test_what_is_no_answer_is_503_and_not_held_against_the_login(
    cored: Bank, core: Core, body: bytes, status: str, headers: tuple[str, ...]
) -> None:
    core.reply(body, status, *headers)
    assert told_to_try_again(await attempt(cored))
    assert not any(counted(cored))
    assert len(core.asked) == 1


async def test_a_core_that_says_nothing_is_waited_for_as_long_as_the_setting_says(
    cored: Bank, core: Core
) -> None:
    core.answer = None
    assert told_to_try_again(await attempt(cored))
    assert not any(counted(cored))


async def test_a_core_that_speaks_no_http_is_503(cored: Bank, core: Core) -> None:
    core.answer = b"SSH-2.0-OpenSSH_9.2\r\n"
    assert told_to_try_again(await attempt(cored))


async def test_an_answer_without_end_is_not_read_to_fill_the_memory(cored: Bank, core: Core) -> None:
    """What the sockets between hold goes out, and no more."""
    core.answer, core.endless = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", True
    assert told_to_try_again(await attempt(cored))
    assert core.taken < 16_000_000


async def test_a_core_that_is_down_locks_nobody_out(closed_bank: Bank, clock: TestClock) -> None:
    """A hundred attempts while nothing listens; then the core is back, and the first one opens."""
    asks_its_core(closed_bank)
    async with core_serving() as core:
        setting = core_bank(core)
        core.passwords["00016", "ada"] = AT_CORE
    async with closed_bank.open(core_bank=setting) as bank:
        for _ in range(100):
            assert told_to_try_again(await attempt(bank))
        assert not any(counted(bank))


async def test_after_five_failures_the_core_is_left_alone_and_later_tried_with_one_call(
    cored: Bank, core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The circuit opens, one call tries again, and only its success closes it."""
    monkeypatch.setattr(CircuitBreaker, "REST", 0.2)
    core.reply(b"", "500 Internal Server Error")
    for _ in range(8):
        assert told_to_try_again(await attempt(cored))
    assert len(core.asked) == CircuitBreaker.FAILURES
    await asyncio.sleep(0.25)
    core.answer = None
    many = await asyncio.gather(*(attempt(cored) for _ in range(10)))
    assert all(told_to_try_again(answer) for answer in many)
    assert len(core.asked) == CircuitBreaker.FAILURES + 1
    core.judge()
    await asyncio.sleep(0.25)
    assert (await attempt(cored)).status_code == 200
    both = await asyncio.gather(attempt(cored), attempt(cored))
    assert [answer.status_code for answer in both] == [200, 200]
    assert not any(counted(cored))


@pytest.mark.requirement("V1-03")
async def test_at_v1_the_core_is_asked_about_a_business_as_about_nobody(
    cored: Bank, core: Core
) -> None:
    """It says yes and the answer is no, after the same call as for a login that does not exist."""
    core.passwords["00016", "biz"] = AT_CORE
    for login_id in ("biz", "nobody", "ada"):
        form = {"grant_type": "password", "username": login_id, "password": AT_CORE}
        answer = await classic.ask(cored, **form)
        if login_id == "ada":
            assert answer.status_code == 200
        else:
            classic.refused(answer, classic.CUSTOMER)
    assert [asked["login_id"] for asked in core.asked] == ["biz", "nobody", "ada"]
    reasons = [event["reason"] for event in cored.events("sign-in:refused")]
    assert reasons == ["not-retail", "password-wrong"]


async def test_a_wrong_password_is_no_failure_of_the_core(cored: Bank, core: Core) -> None:
    """Nine wrong ones do not open the circuit for everybody else."""
    core.passwords["00016", "biz"] = AT_CORE
    for _ in range(9):
        assert (await attempt(cored, "wrong")).status_code == 401
    assert (await attempt(cored, username="biz")).status_code == 200


@pytest.mark.requirement("PW-02")
async def test_a_login_that_is_locked_here_is_not_asked_about_there(
    cored: Bank, core: Core, clock: TestClock
) -> None:
    """Ten wrong ones; after that the core hears of the login no more, and the answer is the same."""
    answers = []
    for _ in range(13):
        answers.append(await attempt(cored, "wrong"))
        clock.advance(60)
    locked = await attempt(cored)
    assert len(core.asked) == 10
    assert {answer.content for answer in (*answers, locked)} == {answers[0].content}


async def test_more_calls_than_the_setting_allows_are_refused_at_once(
    closed_bank: Bank, core: Core
) -> None:
    """A slow core holds two callers, not two hundred; other grants go on."""
    asks_its_core(closed_bank)
    core.answer = None
    async with closed_bank.open(core_bank=core_bank(core, concurrency=2)) as bank:
        flood = [asyncio.create_task(attempt(bank, username=f"user{n}")) for n in range(50)]
        machine = await bank.token("machine", grant_type="client_credentials")
        assert machine.status_code == 200
        assert all(told_to_try_again(answer) for answer in await asyncio.gather(*flood))
        assert len(core.asked) == 2
        core.judge()
        assert (await attempt(bank)).status_code == 200


async def test_what_is_withdrawn_at_one_institution_stays_counted_at_the_other(
    cored: Bank, core: Core, clock: TestClock
) -> None:
    """Ada of 00042 has nine wrong ones; the core of 00016 failing for its own Ada takes none away."""
    wrong: dict[str, Any] = {"grant_type": "password", "username": "ada", "password": "wrong"}
    for _ in range(9):
        assert (await cored.token("rival", "00042", **wrong)).status_code == 401
        clock.advance(61)
    core.reply(b"", "500 Internal Server Error")
    for _ in range(4):
        assert told_to_try_again(await attempt(cored))
    assert (await cored.token("rival", "00042", **wrong)).status_code == 401
    right = {**wrong, "password": PASSWORD}
    clock.advance(61)
    assert (await cored.token("rival", "00042", **right)).status_code == 401, "ten: locked"
    core.judge()
    assert (await attempt(cored)).status_code == 200
