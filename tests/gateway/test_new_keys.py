"""Keys come and go while nobody asks for an institution's tokens."""

import asyncio

from moneyer.gateway.guard import Guard
from moneyer.gateway.knowledge import Answer, Knowledge
from moneyer.gateway.standing import Standing
from moneyer.keys.sealing import new_key
from moneyer.protocol.clock import SECOND
from moneyer.tokens.bulletin import Bulletin
from tests.bank import Bank
from tests.gateway.calls import check


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
    knowledge.hear(Answer("one", {}, serves=("00016",)))
    knowledge.hear(Answer("two", {"00042": "news"}, serves=("00016", "00042")))
    assert knowledge.dossiers["00042"].is_lost
    assert knowledge.cursor == ""
    knowledge.hear(Answer("three", {"00042": "whole"}, serves=("00016", "00042")))
    assert not knowledge.dossiers["00042"].is_lost
    assert knowledge.cursor == "three"


def test_what_has_ended_by_itself_does_not_gather_where_no_token_comes() -> None:
    standing = Standing("https://bank.test/i/00016")
    ended = Bulletin("https://bank.test/i/00016", 1000, families={"f": 2000}, tokens={"t": 4000})
    standing.learn(ended)
    standing.forget(3000 * SECOND)
    known = standing.known()
    assert (known.families, known.tokens) == ({}, {"t": 4000})
