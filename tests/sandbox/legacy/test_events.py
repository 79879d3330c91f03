"""Send Event: kept, told to whom asked for it, and the same again under the same di_tid."""

import uuid
from pathlib import Path
from typing import Any

import msgspec
import pytest

from moneyer.sandbox.bank.books.books import Books
from moneyer.sandbox.bank.books.changes import Preference, PreferenceSaved
from moneyer.sandbox.bank.books.journal import JournalFull
from tests.bank import TestClock
from tests.sandbox.legacy.window import ADA, BEN, CLARA, Said, Window, asking


def event(kind: str = "SECURITY_NOTICE", **members: Any) -> dict[str, Any]:
    """One event; data as the old map of keys and values."""
    data = members.pop("data", {})
    pairs = [{"key": key, "value": value} for key, value in data.items()]
    return {"eventType": kind, **members, "dataMap": [{"map": pairs}]}


async def send(window: Window, *events: dict[str, Any], tid: str = "", **rest: Any) -> Said:
    headers = {"accept": "application/json", "di_tid": tid or str(uuid.uuid4())}
    return await window.ask("sendEvent", body={"Event": list(events)}, headers=headers, **rest)


@pytest.fixture
def told(window: Window) -> Window:
    """A window where Ada wants security notices by two ways."""
    for number, channel in enumerate(("EMAIL", "SMS"), 1):
        preference = Preference(number, "SECURITY_NOTICE", channel)
        window.books.record(PreferenceSaved("00016", ADA, preference))
    return window


@pytest.mark.parametrize("token", ["bank", "ada"])
async def test_an_event_is_kept_and_told_to_whom_asked_for_it(
    told: Window, tmp_path: Path, clock: TestClock, token: str
) -> None:
    said = await send(
        told, event(data={"message": "Hi", "other": "x"}), event("LOW_BALANCE"), token=token
    )
    first, second = said.json["Event"]
    assert said.status == 202
    assert (first["eventType"], first["alertCount"]) == ("SECURITY_NOTICE", 2)
    assert (second["eventType"], second["alertCount"]) == ("LOW_BALANCE", 0)
    told.books.close()
    books = Books(tmp_path, clock, "seed")
    alerts = books.state.alerts["00016", ADA]
    assert [(one.channel, one.summary, one.event_id) for one in alerts] == [
        ("EMAIL", "Hi", first["eventId"]),
        ("SMS", "Hi", first["eventId"]),
    ]
    assert {("00016", one["eventId"]) for one in (first, second)} == books.state.events
    told.books = books


async def test_the_same_under_the_same_di_tid_is_taken_once_and_answered_alike(told: Window) -> None:
    tid = str(uuid.uuid4())
    first = await send(told, event(), event(), tid=tid)
    state = told.books.state.count
    for again in (tid, tid.upper()):
        assert (await send(told, event(), event(), tid=again)).body == first.body
    assert told.books.state.count == state
    ids = [one["eventId"] for one in first.json["Event"]]
    assert len(set(ids)) == 2


async def test_the_same_under_another_di_tid_happened_again(told: Window) -> None:
    first, second = await send(told, event()), await send(told, event())
    assert first.json["Event"][0]["eventId"] != second.json["Event"][0]["eventId"]
    assert len(told.books.state.alerts["00016", ADA]) == 4


async def test_anything_else_under_the_same_di_tid_is_another_event(told: Window) -> None:
    """Another customer's, another text, another kind: who never changes the di_tid loses none."""
    tid = str(uuid.uuid4())
    answers = [
        await send(told, event(), tid=tid),
        await send(told, event(data={"message": "a"}), tid=tid),
        await send(told, event("LOW_BALANCE"), tid=tid),
        await told.ask(
            "sendEvent", "00016", BEN, headers={"accept": "application/json", "di_tid": tid}
        ),
    ]
    ids = {one["eventId"] for said in answers for one in said.json["Event"]}
    assert len(ids) == 4


async def test_an_event_about_an_account_is_told_for_that_account(told: Window) -> None:
    accounts = (await told.ask("listLegacyAccounts")).xml.findall("account")
    account_id = accounts[1].findtext("id") or ""
    assert (await send(told, event(data={"accountId": account_id}))).json["Event"][0]["alertCount"] == 2
    assert told.books.state.alerts["00016", ADA][-1].account_id == account_id
    for other in ("x", (await told.ask("listLegacyAccounts", "00016", CLARA)).text("account/id")):
        said = await told.ask("sendEvent", body={"Event": [event(data={"accountId": other})]})
        assert said.refusal == (404, "90002", "Account does not exist", "APP_ERROR")


async def test_of_several_events_all_are_taken_or_none(told: Window) -> None:
    before = told.books.state.count
    said = await told.ask("sendEvent", body={"Event": [event(), event("NOBODY_KNOWS")]})
    assert said.refusal == (400, "90002", "Element 'eventType' invalid", "APP_ERROR")
    assert told.books.state.count == before


@pytest.mark.parametrize("message", ["x" * 201, "a\nb", "a\x85b"])
async def test_a_message_is_one_short_line(window: Window, message: str) -> None:
    said = await window.ask("sendEvent", body={"Event": [event(data={"message": message})]})
    assert said.refusal == (400, "90002", "Element 'dataMap' invalid", "APP_ERROR")


async def test_an_event_that_names_others_than_its_path_is_refused(window: Window) -> None:
    assert (await send(window, event(fiId="00016", fiCustomerId=ADA.lower()))).status == 202
    other = await window.ask("sendEvent", body={"Event": [event(fiId="00042")]})
    assert other.refusal == (401, "90001", "di_fiid not authorized", "APP_ERROR")
    other = await window.ask("sendEvent", body={"Event": [event(fiCustomerId=BEN)]})
    assert other.refusal == (401, "90001", "di_ficustomer not authorized", "APP_ERROR")


async def test_what_cannot_be_kept_is_not_accepted(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_change: msgspec.Struct) -> None:
        raise JournalFull("no space")

    monkeypatch.setattr(window.books, "record", full)
    said = await window.say(asking("sendEvent"))
    assert said.refusal == (503, "90003", "Internal Service Error", "SYSTEM_ERROR")
    assert said.headers["retry-after"] == "1"
