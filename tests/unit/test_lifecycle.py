"""The life of signing keys: at every instant of any history there is one to sign and none unknown."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moneyer.keys.lifecycle import (
    JWKS_MAX_AGE,
    PUBLISH_BEFORE_USE,
    RETENTION,
    KeyRecord,
    KeyState,
    rotate,
    state,
)
from moneyer.keys.ring import Ring
from moneyer.keys.sealing import new_key, unseal
from moneyer.protocol.clock import SECOND

NOW = 1_800_000_000 * SECOND
ORDER = [KeyState.ANNOUNCED, KeyState.ACTIVE, KeyState.RETIRING, KeyState.RETIRED]


def key(kid: str, announced_at: int = NOW, activates_at: int | None = None) -> KeyRecord:
    return KeyRecord("00016", kid, "ES256", {"kty": "EC"}, b"sealed", announced_at, activates_at)


def states(keys: tuple[KeyRecord, ...], now: int) -> dict[str, KeyState]:
    return {record.kid: state(record, now) for record in keys}


def test_a_spare_without_a_date_stays_announced() -> None:
    for later in (0, PUBLISH_BEFORE_USE, 10 * 366 * 86400 * SECOND):
        assert state(key("spare"), NOW + later) is KeyState.ANNOUNCED


@given(
    announced=st.integers(0, 10**6),
    waits=st.tuples(*[st.integers(0, 10**6)] * 3),
    times=st.lists(st.integers(0, 5 * 10**6), max_size=20),
)
@settings(max_examples=200, deadline=None)
def test_a_key_only_ever_grows_older(
    announced: int, waits: tuple[int, int, int], times: list[int]
) -> None:
    """Announced, active, retiring, retired, each beginning exactly at its instant."""
    active = announced + waits[0]
    retires = active + waits[1]
    removed = retires + waits[2]
    record = msgspec.structs.replace(
        key("k", announced, active), retires_at=retires, removed_at=removed
    )
    seen = [ORDER.index(state(record, now)) for now in sorted(times)]
    assert seen == sorted(seen)
    assert state(record, removed) is KeyState.RETIRED
    if active < retires < removed:
        assert state(record, active) is KeyState.ACTIVE
        assert state(record, retires - 1) is KeyState.ACTIVE
        assert state(record, retires) is KeyState.RETIRING
        assert state(record, removed - 1) is KeyState.RETIRING


def test_the_change_comes_when_every_verifier_has_read_the_new_key_twice_over() -> None:
    keys = rotate((key("old", NOW, NOW), key("new", NOW)), NOW + 5 * SECOND)
    change = NOW + 2 * JWKS_MAX_AGE * SECOND
    assert states(keys, change - 1) == {"old": KeyState.ACTIVE, "new": KeyState.ANNOUNCED}
    assert states(keys, change) == {"old": KeyState.RETIRING, "new": KeyState.ACTIVE}
    end = change + RETENTION
    assert states(keys, end - 1) == {"old": KeyState.RETIRING, "new": KeyState.ACTIVE}
    assert states(keys, end) == {"old": KeyState.RETIRED, "new": KeyState.ACTIVE}


def test_a_spare_that_was_published_long_enough_takes_over_at_once() -> None:
    now = NOW + PUBLISH_BEFORE_USE
    keys = rotate((key("old", NOW, NOW), key("new", NOW)), now)
    assert states(keys, now) == {"old": KeyState.RETIRING, "new": KeyState.ACTIVE}


def test_the_oldest_spare_is_taken() -> None:
    keys = rotate((key("old", NOW, NOW), key("b", NOW + 2), key("a", NOW + 1)), NOW + 10)
    dated = [record.kid for record in keys if record.activates_at not in (None, NOW)]
    assert dated == ["a"]


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ((key("old", NOW, NOW),), "no announced key"),
        ((key("old", NOW, NOW), key("new", NOW, NOW + 10**9)), "under way"),
        ((), "no announced key"),
    ],
)
def test_what_cannot_be_rotated_says_why(keys: tuple[KeyRecord, ...], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        rotate(keys, NOW)


@given(
    pauses=st.lists(st.sampled_from([0, 1, 1799, 1800, 3600, 86400, 9 * 86400]), max_size=25),
    spares=st.lists(st.booleans(), min_size=25, max_size=25),
)
@settings(max_examples=200, deadline=None)
def test_however_often_keys_are_rotated_one_signs_and_a_verifier_knows_it(
    pauses: list[int], spares: list[bool]
) -> None:
    """At any time exactly one key is active; it was published for as long as a cache may be old; what
    signed within the retention is published still; a retired key never signs again.
    """
    keys: tuple[KeyRecord, ...] = (key("0", NOW, NOW), key("1", NOW))
    now, retired = NOW, set()
    for count, pause in enumerate(pauses):
        now += pause * SECOND
        if spares[count]:
            keys = (*keys, key(f"n{count}", now))
        try:
            keys = rotate(keys, now)
        except ValueError:
            assert len([k for k in keys if state(k, now) is KeyState.ANNOUNCED]) != 1 or any(
                k.activates_at is not None and k.activates_at > now for k in keys
            )
        for at in (now, now + PUBLISH_BEFORE_USE, now + RETENTION, now + 2 * RETENTION):
            active = [k for k in keys if state(k, at) is KeyState.ACTIVE]
            assert len(active) == 1
            signer = active[0]
            assert signer.activates_at is not None
            assert signer.kid == "0" or signer.activates_at - signer.announced_at >= PUBLISH_BEFORE_USE
        for record in keys:
            assert record.kid not in retired or state(record, now) is KeyState.RETIRED
            if state(record, now) is KeyState.RETIRED:
                retired.add(record.kid)
                assert record.retires_at is not None
                assert now >= record.retires_at + RETENTION


def test_the_ring_signs_with_the_active_key_and_publishes_all_but_the_retired() -> None:
    sealing = bytes(range(32))
    first = new_key(sealing, "00016", "ES256", NOW, NOW)
    spare = new_key(sealing, "00016", "ES256", NOW, None)
    assert Ring((spare,), sealing).signing(NOW) is None
    change = NOW + PUBLISH_BEFORE_USE
    ring = Ring(rotate((first, spare), NOW), sealing)
    for at, kid in ((NOW, first.kid), (change - 1, first.kid), (change, spare.kid)):
        signing = ring.signing(at)
        assert signing is not None
        assert signing.kid == kid
        assert {k["kid"] for k in ring.jwks(at)["keys"]} == {first.kid, spare.kid}
    header = ring.keys[0].access_header
    assert ring.by_access_header(header, change + RETENTION - 1) is ring.keys[0]
    assert ring.by_access_header(header, change + RETENTION) is None
    assert {k["kid"] for k in ring.jwks(change + RETENTION)["keys"]} == {spare.kid}


@pytest.mark.parametrize("algorithm", ["ES256", "Ed25519", "RS256"])
def test_a_key_at_rest_opens_only_in_its_own_row_and_under_its_own_master_key(algorithm: str) -> None:
    sealing = bytes(range(32))
    record = new_key(sealing, "00016", algorithm, NOW, NOW)  # type: ignore[arg-type]
    other = new_key(sealing, "00016", algorithm, NOW, NOW)  # type: ignore[arg-type]
    assert unseal(sealing, record) is not None
    moved = msgspec.structs.replace(record, institution_id="00042")
    pasted = msgspec.structs.replace(record, kid=other.kid)
    changed = msgspec.structs.replace(
        record, sealed=record.sealed[:-1] + bytes([record.sealed[-1] ^ 1])
    )
    swapped = msgspec.structs.replace(record, sealed=other.sealed)
    for wrong in (moved, pasted, changed, swapped):
        with pytest.raises(ValueError, match="another master key"):
            unseal(sealing, wrong)
    with pytest.raises(ValueError, match="another master key"):
        unseal(bytes(32), record)


def test_a_signature_is_the_same_every_time_and_under_each_key_another() -> None:
    """So that a retry strikes the same access token, signature included."""
    sealing = bytes(range(32))
    keys = Ring(tuple(new_key(sealing, "00016", "ES256", NOW, NOW) for _ in range(2)), sealing).keys
    signatures = {keys[n % 2].sign(b"the same bytes") for n in range(20)}
    assert len(signatures) == 2
    for one in keys:
        one.verify(one.sign(b"bytes"), b"bytes")


@pytest.mark.requirement("MD-08")
def test_a_verifier_has_read_a_key_before_it_is_used() -> None:
    """Whoever read the key set just before a key was announced reads it again in time, twice over."""
    assert 2 * JWKS_MAX_AGE * SECOND <= PUBLISH_BEFORE_USE
