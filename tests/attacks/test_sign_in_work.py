"""TM-TI: no answer, and no amount of work, tells whether a login exists, is locked or is disabled.

Work is counted where it is done, at the hashing library, not timed.
"""

import unicodedata
from collections import Counter
from collections.abc import Callable
from typing import Any

import argon2
import httpx
import pytest
from argon2 import extract_parameters
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moneyer.customers.passwords import PasswordHasher
from tests.bank import PASSWORD, Bank, TestClock

Work = list[tuple[str, int]]
"""What each call of the library cost: the parameters, and the length of what was hashed."""


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    """Every check that the hashing library makes from now on."""
    done: Work = []
    verify: Callable[..., bool] = argon2.PasswordHasher.verify

    def noted(self: argon2.PasswordHasher, hash_: str, password: bytes) -> bool:
        done.append((str(extract_parameters(hash_)), len(password)))
        return verify(self, hash_, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", noted)
    return done


async def attempt(
    bank: Bank, username: str = "ada", password: str = PASSWORD, client_id: str = "mobile"
) -> httpx.Response:
    return await bank.token(client_id, grant_type="password", username=username, password=password)


@pytest.mark.requirement("PW-03")
async def test_every_refusal_costs_the_same_work(bank: Bank, work: Work, clock: TestClock) -> None:
    """Unknown, wrong, disabled, without a password, locked and locked for good: one check each."""
    bank.add_customer("00016", "gone")
    bank.change_customer("00016", "gone", status="disabled")
    bank.add_customer("00016", "hashless")
    bank.change_customer("00016", "hashless", password_hash="")
    for login_id in ("locked", "unknown but locked"):
        if login_id == "locked":
            bank.add_customer("00016", login_id)
        for _ in range(10):
            await attempt(bank, login_id, "wrong")
            clock.advance(61)
    work.clear()
    cases = ["nobody", "ada", "gone", "hashless", "locked", "unknown but locked"]
    answers, costs = [], []
    for login_id in cases:
        answers.append(await attempt(bank, login_id, "wrong" if login_id == "ada" else PASSWORD))
        costs.append(tuple(work))
        work.clear()
    assert {(answer.status_code, answer.content) for answer in answers} == {(401, answers[0].content)}
    assert set(costs) == {costs[0]}
    assert len(costs[0]) == 1


@pytest.mark.requirement("PW-03")
async def test_every_refusal_writes_the_same_events_and_rows(bank: Bank) -> None:
    """One event, and the same three counters, for a login that exists and one that does not."""

    async def traces(login_id: str) -> tuple[Counter[str], int]:
        before = Counter(event["name"] for event in bank.events())
        await attempt(bank, login_id, "wrong")
        with bank.engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT count(*) FROM attempts").scalar_one()
        return Counter(event["name"] for event in bank.events()) - before, rows

    await attempt(bank, "somebody before", "wrong")
    events, rows = await traces("ada")
    assert events == {"sign-in:refused": 1}
    assert await traces("nobody") == (events, rows + 1)


async def test_no_work_is_done_for_what_can_be_refused_before(bank: Bank, work: Work) -> None:
    """Malformed, over-long, of an unknown client, without the grant, with a scope it does not hold."""
    wrong = {"Authorization": bank.basic("mobile", "wrong")}
    form: dict[str, Any] = {"grant_type": "password", "username": "ada", "password": PASSWORD}
    for answer in (
        await attempt(bank, password="x" * 1025),
        await attempt(bank, username="x" * 257),
        await attempt(bank, username=" ada"),
        await attempt(bank, password="\x00"),
        await attempt(bank, password=""),
        await attempt(bank, client_id="machine"),
        await bank.token("mobile", headers=wrong, **form),
        await bank.token("mobile", scopes="wires:send", **form),
        await bank.token("mobile", "00042", **form),
    ):
        assert 400 <= answer.status_code < 500
    assert work == []
    assert (await attempt(bank, password="x" * 1024)).status_code == 401
    assert [length for _, length in work] == [32], "what is hashed is a digest, however long it was"


async def test_a_success_forgives_what_was_wrong_before(bank: Bank, clock: TestClock) -> None:
    """Nine wrong ones and a right one, again and again, never lock."""
    for _ in range(3):
        for _ in range(9):
            assert (await attempt(bank, password="wrong")).status_code == 401
            clock.advance(20)
        assert (await attempt(bank)).status_code == 200


@pytest.mark.requirement("PW-02")
async def test_after_five_wrong_ones_each_further_one_doubles_a_wait(
    bank: Bank, work: Work, clock: TestClock
) -> None:
    """During the wait the right password is refused too, and the wait does not grow for asking."""
    for _ in range(6):
        assert (await attempt(bank, password="wrong")).status_code == 401
    assert (await attempt(bank)).status_code == 401
    clock.advance(1)
    assert (await attempt(bank, password="wrong")).status_code == 401
    clock.advance(1.9)
    assert (await attempt(bank)).status_code == 401
    clock.advance(0.1)
    assert (await attempt(bank)).status_code == 200


@pytest.mark.requirement("PW-02")
async def test_logins_that_are_one_login_are_counted_as_one(bank: Bank, clock: TestClock) -> None:
    """No spelling gives fresh tries: capitals, full width, ligatures, other applications."""
    until = bank.admin.applications.get("mobile").password_until
    bank.change_application(
        "web", grants=("password", "refresh_token"), password_until=until, redirect_uris=()
    )
    await bank.refresh()
    spellings = ["ada", "ADA", "Ada", "aDa", "\uff41\uff44\uff41", "\uff21da", "\uff21\uff24\uff21"]
    for n in range(10):
        spelled = spellings[n % len(spellings)]
        client_id = ("mobile", "web")[n % 2]
        assert (await attempt(bank, spelled, "wrong", client_id)).status_code == 401
        clock.advance(61)
    for spelled in (*spellings, "ada"):
        assert (await attempt(bank, spelled)).status_code == 401
    assert (await attempt(bank, "ada", client_id="web")).status_code == 401


HASHER = PasswordHasher(b"p" * 32, memory_kib=12288, passes=1)


@pytest.mark.requirement("NI-05")
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=40))
def test_a_password_is_the_same_from_every_keyboard(password: str) -> None:
    """Composed and decomposed are one password (NFC); what differs otherwise is another."""
    stored = HASHER.hash(unicodedata.normalize("NFD", password))
    assert HASHER.verify(stored, unicodedata.normalize("NFC", password)) is None
    assert HASHER.verify(stored, password) is None
    other = password + "x"
    with pytest.raises(Exception, match="password-wrong"):
        HASHER.verify(stored, other)


async def test_a_decomposed_password_signs_in_over_the_wire(bank: Bank) -> None:
    spelled = "Übung macht den Meister, très bien"
    bank.add_customer("00016", "umlaut", password=unicodedata.normalize("NFC", spelled))
    for form in ("NFC", "NFD"):
        answer = await attempt(bank, "umlaut", unicodedata.normalize(form, spelled))
        assert answer.status_code == 200
    assert (await attempt(bank, "umlaut", spelled.upper())).status_code == 401


@pytest.mark.requirement("NI-05")
async def test_another_pepper_makes_every_stored_hash_worthless(bank: Bank) -> None:
    """A stolen table cannot be guessed at without the server's key."""
    stored = bank.admin.customers.by_login("00016", "ada").password_hash
    with pytest.raises(Exception, match="password-wrong"):
        HASHER.verify(stored, PASSWORD)
    with pytest.raises(argon2.exceptions.VerificationError):
        argon2.PasswordHasher().verify(stored, PASSWORD)
