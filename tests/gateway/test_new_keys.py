"""Keys come and go while nobody asks for an institution's tokens."""

import asyncio

import httpx
import pytest

from moneyer.gateway.build import GuardSettings, guarding
from moneyer.gateway.guard import Guard
from moneyer.gateway.knowledge import Answer, KeySet, Knowledge
from moneyer.gateway.refusals import CannotTell
from moneyer.gateway.standing import Standing
from moneyer.keys.sealing import new_key
from moneyer.protocol.clock import SECOND
from moneyer.tokens.bulletin import Bulletin
from tests.bank import BASE, Bank
from tests.gateway.calls import LONGER_THAN_PROMISED, check, gets_through, refused, transport_of
from tests.gateway.striking import InstitutionsKey
from tests.gateway.test_standing import key_set


async def test_a_key_made_before_an_institution_was_asked_for_holds(bank: Bank, guard: Guard) -> None:
    """Bulletins from before the key are read when the key is known already: they take nothing away."""
    await bank.sign_in()
    await bank.refresh()
    await asyncio.sleep(0.7)
    now = bank.clock.now()
    keys = bank.admin.institutions.keys("00016")
    newer = new_key(bank.keys.sealing, "00016", "ES256", now, now + 1)
    bank.admin.institutions.save_keys("00016", (*keys, newer))
    bank.clock.advance(1)
    await bank.refresh()
    await asyncio.sleep(0.7)
    tokens = await bank.sign_in()
    await check(guard, tokens["access_token"])


def test_of_an_institution_that_is_new_here_nothing_is_judged_before_all_was_told() -> None:
    """What ended there before is not in the answer that says that it is guarded from now on."""
    knowledge = Knowledge("https://bank.test")
    knowledge.hear(Answer("one", {}, serves=("00016",), is_whole=True))
    knowledge.hear(Answer("two", {"00042": "news"}, serves=("00016", "00042")))
    assert knowledge.dossiers["00042"].is_lost
    assert knowledge.cursor == ""
    both = ("00016", "00042")
    knowledge.hear(Answer("three", {"00042": "whole"}, serves=both, is_whole=True))
    assert not knowledge.dossiers["00042"].is_lost
    assert knowledge.cursor == "three"


@pytest.mark.requirement("GW-06")
@pytest.mark.parametrize("told", [{}, {"00016": "news"}], ids=["nothing", "a-little"])
def test_an_answer_to_what_was_asked_before_is_not_all(told: dict[str, str]) -> None:
    """All is wanted anew while a request is held; its answer says what is new since then, no more."""
    knowledge = Knowledge("https://bank.test")
    knowledge.hear(Answer("one", {"00016": "a key's that is gone"}, ("00016",), is_whole=True))
    knowledge.take_keys(KeySet("00016", '{"keys":[]}'))
    assert (knowledge.cursor, knowledge.dossiers["00016"].is_lost) == ("", True)
    knowledge.hear(Answer("two", told))
    assert (knowledge.cursor, knowledge.dossiers["00016"].is_lost) == ("", True)
    knowledge.hear(Answer("three", {"00016": "all"}, is_whole=True))
    assert (knowledge.cursor, knowledge.dossiers["00016"].is_lost) == ("three", False)


async def test_what_a_held_request_cannot_tell_is_asked_at_once(bank: Bank) -> None:
    """A guard that has heard of a new key, in news that it keeps unread, and then sees its first token:
    what it knew is lost, and it does not wait until the service answers what it was asked before."""
    tokens = await bank.sign_in()
    await bank.revoke(tokens["refresh_token"])
    held = Held(transport_of(bank))
    settings = GuardSettings(BASE, "apis", bank.secrets["apis"])
    async with guarding(settings, clock=bank.clock, transport=held) as guard:
        await asyncio.sleep(0.6)
        held.told.clear()
        desk, now = bank.admin.institutions, bank.clock.now()
        spares = tuple(key for key in desk.keys("00016") if key.activates_at is None)
        fresh = new_key(bank.keys.sealing, "00016", "ES256", now, now)
        desk.save_keys("00016", (fresh, *spares))
        await bank.refresh()
        async with asyncio.timeout(LONGER_THAN_PROMISED):
            await held.told.wait()
        await asyncio.sleep(0.1)
        held.answers.clear()
        assert await gets_through(guard, (await bank.sign_in())["access_token"])
        held.answers.set()
        assert await refused(guard, tokens["access_token"], unless="unavailable") == "key-unknown"


class Held(httpx.AsyncBaseTransport):
    """Leads to a bank; answers no question that names a cursor for as long as `answers` is not set."""

    def __init__(self, end: httpx.AsyncBaseTransport) -> None:
        self._end = end
        self.answers = asyncio.Event()
        self.answers.set()
        self.told = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._end.handle_async_request(request)
        if request.url.path.endswith("/revocations"):
            if b"00016" in await answer.aread():
                self.told.set()
            if request.url.query:
                await self.answers.wait()
        return answer


def test_what_has_ended_by_itself_does_not_gather_where_no_token_comes() -> None:
    standing = Standing("https://bank.test/i/00016")
    ended = Bulletin("https://bank.test/i/00016", 1000, families={"f": 2000}, tokens={"t": 4000})
    standing.learn(ended)
    standing.learn(Bulletin("https://bank.test/i/00016", 3000))
    standing.forget(3000 * SECOND)
    known = standing.known()
    assert (known.families, known.tokens) == ({}, {"t": 4000})


@pytest.mark.requirement("GW-04")
async def test_the_first_token_of_a_new_key_waits_for_word_of_the_key(bank: Bank) -> None:
    """It is published, and nobody has said yet that it holds: the call waits, and then gets through;
    while nobody says so, it is not the token that is wrong."""
    held = Held(transport_of(bank))
    settings = GuardSettings(BASE, "apis", bank.secrets["apis"])
    async with guarding(settings, clock=bank.clock, transport=held) as guard:
        assert await gets_through(guard, (await bank.sign_in())["access_token"])
        await asyncio.sleep(1.1)
        held.answers.clear()
        await asyncio.sleep(0.2)
        desk, now = bank.admin.institutions, bank.clock.now()
        fresh = new_key(bank.keys.sealing, "00016", "ES256", now, now + 1)
        desk.save_keys("00016", (*desk.keys("00016"), fresh))
        bank.clock.advance(1)
        await bank.refresh()
        token = (await bank.sign_in())["access_token"]
        with pytest.raises(CannotTell, match="key-not-told-of-yet"):
            await check(guard, token)
        call = asyncio.create_task(check(guard, token))
        await asyncio.sleep(0.2)
        held.answers.set()
        await call


def test_a_key_that_was_taken_away_is_waited_for_by_nobody() -> None:
    """Also while it is still published somewhere."""
    stolen, good = InstitutionsKey(), InstitutionsKey()
    issuer = "https://bank.test/i/00016"
    standing = Standing(issuer)
    standing.take_keys(key_set(stolen, good))
    header = stolen.header("at+jwt")
    assert standing.awaits_word_of(header)
    standing.learn(Bulletin(issuer, 1000, 1, keys=(stolen.thumbprint, good.thumbprint)))
    assert not standing.awaits_word_of(header)
    standing.learn(Bulletin(issuer, 1001, 2, keys=(good.thumbprint,)))
    assert not standing.awaits_word_of(header)
    assert standing.key_of(header) is None
