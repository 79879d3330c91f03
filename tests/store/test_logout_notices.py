"""Applications are told of a sign-out though the process that began to tell them is gone."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager

import pytest

from moneyer import app
from moneyer.customers.notice import LEASE, LIFETIME, LogoutNotice
from moneyer.grants.authorize.sign_out import TakeUpNotice
from moneyer.protocol.clock import SECOND
from tests.bank import Bank
from tests.browser import Browser, claims, standard_application
from tests.store.institution_cases import reader_of
from tests.store.sign_in_cases import ledger_of

URI = "https://portal.example/bye"


class Application:
    """What stands behind the address: away while `status` is 0."""

    def __init__(self) -> None:
        self.status = 0
        self.heard: list[Mapping[str, str]] = []
        self._changed = asyncio.Condition()

    async def post_form(self, url: str, fields: Mapping[str, str]) -> int:
        assert url == URI
        async with self._changed:
            self.heard.append(fields)
            self._changed.notify_all()
        if not self.status:
            raise ConnectionRefusedError
        return self.status

    async def has_heard(self, count: int) -> None:
        async with self._changed, asyncio.timeout(20):
            await self._changed.wait_for(lambda: len(self.heard) >= count)


@pytest.fixture
def application(monkeypatch: pytest.MonkeyPatch, closed_bank: Bank) -> Application:
    application = Application()
    monkeypatch.setattr(app, "NOTICE_INTERVAL", 0.02)
    monkeypatch.setattr(
        "moneyer.outbound.Outbound.post_form",
        lambda _self, url, fields: application.post_form(url, fields),
    )
    closed_bank.add_application(standard_application(backchannel_logout_uri=URI))
    return application


@asynccontextmanager
async def signed_out(closed_bank: Bank, application: Application) -> AsyncIterator[str]:
    """A customer has signed out, and the application was tried once. Gives the session's id."""
    async with closed_bank.open() as bank:
        browser = Browser(bank)
        session_id = claims((await browser.tokens())["id_token"])["sid"]
        await browser.send("GET", f"{browser.issuer}/oauth2/logout")
        await browser.press("sign-out")
        await application.has_heard(1)
        yield str(session_id)


async def left(bank: Bank) -> list[LogoutNotice]:
    """What is still to be told, whoever is at it."""
    async with aclosing(reader_of(bank)) as reader:
        return await reader.due_notices(bank.clock.now() + LEASE)


async def nothing_left(bank: Bank) -> None:
    async with asyncio.timeout(20):
        while await left(bank):  # noqa: ASYNC110 - the store tells nobody
            await asyncio.sleep(0.01)


@pytest.mark.requirement("LO-07")
async def test_the_next_process_tells_what_the_last_one_could_not(
    closed_bank: Bank, application: Application
) -> None:
    """Not before the first one's tries must be over, and once."""
    async with signed_out(closed_bank, application) as session_id:
        pass
    (notice,) = await left(closed_bank)
    assert (notice.session_id, notice.clients) == (session_id, ("portal",))
    tried = len(application.heard)
    application.status = 200
    async with closed_bank.open() as bank:
        await asyncio.sleep(0.2)
        assert len(application.heard) == tried
        bank.clock.advance(LEASE / SECOND)
        await application.has_heard(tried + 1)
        await nothing_left(bank)
        bank.clock.advance(LEASE / SECOND)
        await asyncio.sleep(0.2)
    assert len(application.heard) == tried + 1
    assert claims(application.heard[-1]["logout_token"])["sid"] == session_id


@pytest.mark.requirement("LO-07")
@pytest.mark.parametrize("status", [200, 204, 400])
async def test_who_has_heard_or_refused_is_crossed_off(
    closed_bank: Bank, application: Application, status: int
) -> None:
    application.status = status
    async with signed_out(closed_bank, application):
        await nothing_left(closed_bank)
    assert len(application.heard) == 1


async def test_after_an_hour_nobody_is_told_any_more(
    closed_bank: Bank, application: Application
) -> None:
    async with signed_out(closed_bank, application):
        pass
    closed_bank.clock.advance(LIFETIME / SECOND)
    tried = len(application.heard)
    async with closed_bank.open():
        await asyncio.sleep(0.2)
    assert len(application.heard) == tried


async def test_of_two_who_look_one_goes_on(closed_bank: Bank, application: Application) -> None:
    """Both found the same notice; the second sees under the row's lock that it was taken up."""
    async with signed_out(closed_bank, application):
        pass
    (notice,) = await left(closed_bank)
    closed_bank.clock.advance(LEASE / SECOND)
    async with aclosing(ledger_of(closed_bank)) as one, aclosing(ledger_of(closed_bank)) as other:
        taken = [await ledger.commit([TakeUpNotice(notice)]) for ledger in (one, other)]
    assert [found is not None for (found,) in taken] == [True, False]


async def test_who_signs_in_at_the_same_browser_signs_the_other_out(
    closed_bank: Bank, application: Application
) -> None:
    """The first one's applications are told, and the log says that the session has ended."""
    application.status = 200
    async with closed_bank.open() as bank:
        browser = Browser(bank)
        session_id = claims((await browser.tokens())["id_token"])["sid"]
        bank.clock.advance(1)
        await browser.authorize(prompt="login")
        await browser.sign_in("biz")
        await application.has_heard(1)
        await nothing_left(bank)
    assert claims(application.heard[0]["logout_token"])["sid"] == session_id
    details = [event.get("detail") for event in closed_bank.events("session:ended")]
    assert details == [f"session:{session_id}"]


async def test_a_customer_whom_an_operator_changes_is_signed_out_everywhere(
    closed_bank: Bank, application: Application
) -> None:
    """A new password, or the end of an account: applications hear of it like of any sign-out."""
    application.status = 200
    async with closed_bank.open() as bank:
        session_id = claims((await Browser(bank).tokens())["id_token"])["sid"]
        bank.clock.advance(1)
        bank.change_customer("00016", "ada", status="disabled")
        await application.has_heard(1)
        await nothing_left(bank)
    assert claims(application.heard[0]["logout_token"])["sid"] == session_id
