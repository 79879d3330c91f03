"""Reading key sets: once for all who ask, seldom, and in nobody's way."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from moneyer.gateway import key_sets
from moneyer.gateway.key_sets import KeySets
from moneyer.gateway.knowledge import KeySet
from tests.bank import BASE


class Shelf:
    """Where key sets are read, and what was taken from it. Answers when `answers` is set."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.taken: list[KeySet] = []
        self.answers = asyncio.Event()
        self.is_asked = asyncio.Event()
        self.failure: Exception | None = None

    async def serve(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path.split("/")[2])
        self.is_asked.set()
        await self.answers.wait()
        return httpx.Response(200, text='{"keys":[]}')

    async def take(self, key_set: KeySet) -> None:
        if self.failure is not None:
            raise self.failure
        self.taken.append(key_set)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
async def keys(shelf: Shelf) -> AsyncIterator[KeySets]:
    async with httpx.AsyncClient(base_url=BASE, transport=httpx.MockTransport(shelf.serve)) as http:
        keys = KeySets(http, shelf.take)
        yield keys
        await keys.close()


async def test_one_reads_for_all_and_who_gives_up_ends_nothing(shelf: Shelf, keys: KeySets) -> None:
    asking = [asyncio.create_task(keys.read("00016")) for _ in range(3)]
    await shelf.is_asked.wait()
    asking[0].cancel()
    await asyncio.sleep(0)
    shelf.answers.set()
    await asyncio.gather(*asking[1:])
    assert asking[0].cancelled()
    assert shelf.asked == ["00016"]
    assert len(shelf.taken) == 1


async def test_nobody_has_it_read_twice_in_a_second(shelf: Shelf, keys: KeySets) -> None:
    """Each institution by itself."""
    shelf.answers.set()
    for institution_id in ("00016", "00016", "00042", "00016"):
        await keys.read(institution_id)
    assert shelf.asked == ["00016", "00042"]


async def test_there_is_one_round_at_a_time(shelf: Shelf, keys: KeySets) -> None:
    keys.read_beside(["00016", "00042"])
    await shelf.is_asked.wait()
    keys.read_beside(["07301"])
    shelf.answers.set()
    await asyncio.sleep(0.1)
    assert shelf.asked == ["00016", "00042"]
    keys.read_beside(["07301"])
    await asyncio.sleep(0.1)
    assert shelf.asked == ["00016", "00042", "07301"]


@pytest.mark.parametrize("failure", [ValueError("none"), RuntimeError("a mistake of ours")])
async def test_what_goes_wrong_reaches_nobody_who_asked(
    shelf: Shelf, keys: KeySets, failure: Exception
) -> None:
    """It is logged, and tried again later."""
    shelf.answers.set()
    shelf.failure = failure
    await keys.read("00016")
    assert shelf.taken == []
    assert not keys.is_old("00016")


async def test_at_the_end_nobody_waits_any_more(shelf: Shelf, keys: KeySets) -> None:
    keys.read_beside(["00042"])
    asking = asyncio.create_task(keys.read("00016"))
    await shelf.is_asked.wait()
    await keys.close()
    await asking
    assert shelf.taken == []


async def test_a_key_set_is_old_after_ten_minutes(
    shelf: Shelf, keys: KeySets, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.answers.set()
    assert keys.is_old("00016"), "it was never read"
    await keys.read("00016")
    assert not keys.is_old("00016")
    monkeypatch.setattr(key_sets, "AGE", 0.0)
    assert keys.is_old("00016")
