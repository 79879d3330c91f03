"""Alerts: what a customer wants to be told, and is."""

from typing import Any

from tests.sandbox.bank.counter import Counter, transfer
from tests.sandbox.bank.test_changes import BEN_AS_RECIPIENT, two


def wanting(kind: str, channel: str = "EMAIL", **rest: Any) -> dict[str, Any]:
    return {
        "alertPreferenceDetails": {"alertTypeName": kind, "channelTypeName": channel},
        **rest,
    }


async def history(counter: Counter, token: str = "ada", **query: Any) -> list[Any]:
    found = await counter.got("GET", "/v1/alert-history", token, **query)
    return list(found["alertHistorySummaryResources"])


async def test_a_preference_sticks_and_a_transfer_is_told(counter: Counter) -> None:
    source, target = await two(counter)
    large = wanting("LARGE_WITHDRAWAL", additionalInfo={"threshold": 50})
    kept = await counter.got("PUT", "/v1/alert-preferences", body=large)
    assert await counter.got("PUT", "/v1/alert-preferences", body=large) == kept
    await counter.got("POST", "/v1/alert-preferences", body=wanting("TRANSFER_RECEIVED", "SMS"))
    await counter.got("POST", "/v1/transfers", body=transfer(source, target, 49.99))
    assert [one["alertTypeName"] for one in await history(counter)] == ["TRANSFER_RECEIVED"]
    await counter.got("POST", "/v1/transfers", body=transfer(source, target, 50))
    told = await history(counter)
    assert [one["alertTypeName"] for one in told[:2]] == ["TRANSFER_RECEIVED", "LARGE_WITHDRAWAL"]
    assert told[1]["messageSummary"] == "$50.00 left Everyday Checking ending in 0110"
    assert told[0]["channelInfo"] == {"SMS": "DELIVERED"}
    assert await history(counter, "ben") == []


async def test_a_low_balance_is_told_when_it_is_crossed_not_again(counter: Counter) -> None:
    source, target = await two(counter)
    balance = await counter.balance(source)
    limit = (balance - 1000) / 100
    low = wanting(
        "LOW_BALANCE",
        alertPreferenceAccountDetails={"accountId": source},
        additionalInfo={"threshold": limit},
    )
    await counter.got("PUT", "/v1/alert-preferences", body=low)
    for amount, count in ((10, 0), (0.01, 1), (1, 1)):
        await counter.got("POST", "/v1/transfers", body=transfer(source, target, amount))
        assert len(await history(counter)) == count


async def test_who_is_told_of_a_payment_is_the_recipient_too(counter: Counter) -> None:
    source, _ = await two(counter)
    await counter.got("PUT", "/v1/alert-preferences", "ben", body=wanting("TRANSFER_RECEIVED"))
    recipient = await counter.got("POST", "/v1/recipients", body=BEN_AS_RECIPIENT)
    await counter.got("POST", "/v1/transfers", body=transfer(source, recipient["id"], 1))
    assert len(await history(counter, "ben")) == 1


async def test_preferences_are_changed_by_their_id_and_forgotten(counter: Counter) -> None:
    made = await counter.got("POST", "/v1/alert-preferences", body=wanting("TRANSFER_SENT"))
    number = made["alertPreferenceDetails"]["alertPrefId"]
    path = f"/v1/alert-preferences/{number}"
    off = await counter.got("PUT", path, body=wanting("TRANSFER_SENT", alertOpted=False))
    assert (await counter.got("GET", path))["alertOpted"] is False
    assert off["alertPreferenceDetails"]["alertPrefId"] == number
    source, target = await two(counter)
    await counter.got("POST", "/v1/transfers", body=transfer(source, target, 1))
    assert await history(counter) == []
    assert (await counter.ask("GET", path, "ben")).code == "PRMAPS_10007"
    await counter.got("DELETE", path)
    assert await counter.got("GET", "/v1/alert-preferences") == {"alertPreferences": []}


async def test_an_institution_publishes_an_event_once(counter: Counter) -> None:
    await counter.got("PUT", "/v1/alert-preferences", body=wanting("SECURITY_NOTICE", "PUSH"))
    body = {
        "eventDomainType": "NOTIFICATION",
        "eventDetails": {"eventType": "SECURITY_NOTICE", "eventId": "e-1"},
        "notification": {"message": "A new device signed in"},
    }
    for count in (1, 0):
        taken = await counter.got("POST", "/v1/realtime-events", "bank", body=body, loginId="ada.marsh")
        assert taken == {"eventId": "e-1", "alertCount": count}
    told = await history(counter, alertTypeNames="SECURITY_NOTICE")
    assert [one["messageSummary"] for one in told] == ["A new device signed in"]


async def test_a_kind_of_alert_that_is_switched_off_tells_nobody(counter: Counter) -> None:
    await counter.got("PUT", "/v1/alert-preferences", body=wanting("TRANSFER_SENT"))
    off = {"alertTypeName": "TRANSFER_SENT", "statusOptd": "INACTIVE"}
    await counter.got("PUT", "/v1/institution-alert-types", "bank", body=off)
    source, target = await two(counter)
    await counter.got("POST", "/v1/transfers", body=transfer(source, target, 1))
    assert await history(counter) == []
    active = await counter.got("GET", "/v1/alert-types", status="ACTIVE")
    assert "TRANSFER_SENT" not in str(active)
    said = await counter.ask("POST", "/v1/alert-preferences", "ben", body=wanting("TRANSFER_SENT"))
    assert said.code == "PRMVAL_10015"
    theirs = await counter.got("GET", "/v1/alert-types", "harbor", status="ACTIVE")
    assert "TRANSFER_SENT" in str(theirs)


async def test_alert_history_goes_page_by_page(counter: Counter) -> None:
    await counter.got("PUT", "/v1/alert-preferences", body=wanting("TRANSFER_SENT"))
    source, target = await two(counter)
    for _ in range(5):
        await counter.got("POST", "/v1/transfers", body=transfer(source, target, 1))
    first = await counter.got("GET", "/v1/alert-history", limit=3)
    rest = await history(counter, cursor=first["nextCursor"])
    whole = await history(counter)
    assert first["alertHistorySummaryResources"] + rest == whole
    assert len(whole) == 5
    assert await history(counter, endDate="2020-01-01") == []
