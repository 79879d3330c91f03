"""The decision table of the ratchet, row by row, at the edges of every row."""

import msgspec
import pytest

from moneyer.protocol.clock import SECOND
from moneyer.tokens.family import (
    LEGACY_PASSWORD,
    MAX_STEPS,
    Family,
    Outcome,
    RenewalPolicy,
    Verdict,
    decide,
    read_token,
    revoked,
)
from tests.unit.ratchet import (
    FAMILY_ID,
    KEYS,
    LIFETIME,
    NOW,
    POLICY,
    digest,
    open_family,
    sealed,
    secret_at,
    token_at,
)

WINDOW = POLICY.retry_window * SECOND
IDLE = POLICY.idle * SECOND


def family_at(generation: int, turned_at: int = NOW) -> Family:
    """The family after `generation` rotations, the last of them at `turned_at`."""
    family, _ = open_family()
    return msgspec.structs.replace(
        family,
        generation=generation,
        digest=digest(secret_at(generation)),
        turned_at=turned_at,
    )


def present(
    token: str,
    family: Family | None,
    *,
    client_id: str = "mobile",
    now: int = NOW,
    policy: RenewalPolicy = POLICY,
) -> Verdict:
    return decide(KEYS, policy, read_token(KEYS, token), family, client_id, now)


def refused(verdict: Verdict, reason: str) -> bool:
    """Refused for exactly this reason, with nothing to store and nothing to hand out."""
    return verdict == Verdict(Outcome.REFUSED, reason)


@pytest.mark.requirement("TE-15")
def test_an_unknown_family_is_refused_and_nothing_changes() -> None:
    assert refused(present(token_at(0), None), "family-unknown")


@pytest.mark.parametrize("generation", [0, 1, 5])
def test_a_right_tag_over_a_wrong_secret_is_refused_and_nothing_changes(generation: int) -> None:
    """Nobody kills a family by guessing: not with its present generation, not with an older one."""
    forged = sealed(FAMILY_ID + generation.to_bytes(4, "big") + b"\x11" * 32)
    assert refused(present(forged, family_at(5)), "digest-wrong")


def test_a_generation_that_was_not_struck_yet_is_refused() -> None:
    assert refused(present(token_at(6), family_at(5)), "generation-unborn")


@pytest.mark.requirement("V1-05")
@pytest.mark.parametrize("generation", [0, 5])
def test_a_family_of_the_legacy_endpoint_is_never_turned(generation: int) -> None:
    """Neither by its own token, nor by an old one, which kills nothing; nor where none rotate."""
    family = msgspec.structs.replace(family_at(generation), grant_type=LEGACY_PASSWORD)
    assert (family.grant, family.is_renewable) == ("password", False)
    static = msgspec.structs.replace(POLICY, rotates=False)
    for presented in {0, generation}:
        for policy in (POLICY, static):
            assert refused(present(token_at(presented), family, policy=policy), "family-legacy")


@pytest.mark.requirement("RT-01")
@pytest.mark.parametrize("generation", [3, 4, 5])
def test_another_application_is_refused_and_nothing_changes(generation: int) -> None:
    """Neither the present token nor an old one moves or kills the family in foreign hands."""
    verdict = present(token_at(generation), family_at(5), client_id="rival")
    assert refused(verdict, "other-application")


def test_a_family_of_another_institution_is_refused_and_nothing_changes() -> None:
    verdict = present(token_at(5, institution_id="00042"), family_at(5))
    assert refused(verdict, "family-unknown")


@pytest.mark.requirement("RT-05")
@pytest.mark.parametrize("generation", [0, 4, 5])
def test_a_revoked_family_stays_revoked_whatever_is_presented(generation: int) -> None:
    assert refused(present(token_at(generation), revoked(family_at(5), NOW)), "family-revoked")


@pytest.mark.requirement("RT-07")
@pytest.mark.parametrize("generation", [3, 4, 5])
def test_the_absolute_end_is_exclusive(generation: int) -> None:
    """One microsecond before the end the table goes on; at the end everything is refused."""
    end = NOW + LIFETIME * SECOND
    family = family_at(5, turned_at=end - SECOND)
    assert refused(present(token_at(generation), family, now=end), "family-expired")
    before = present(token_at(generation), family, now=end - 1)
    assert before.outcome is not Outcome.REFUSED


@pytest.mark.requirement("RT-07")
def test_a_family_ends_when_it_was_not_turned_for_long() -> None:
    family = family_at(5)
    assert refused(present(token_at(5), family, now=NOW + IDLE), "family-idle")
    assert present(token_at(5), family, now=NOW + IDLE - 1).outcome is Outcome.ROTATED


@pytest.mark.requirement("RT-04")
@pytest.mark.parametrize("generation", [0, 1, 5, 250])
def test_the_present_generation_rotates(generation: int) -> None:
    """The row moves one generation on, all else stays; the secret is the next of the chain."""
    before, later = family_at(generation), NOW + SECOND
    verdict = present(token_at(generation), before, now=later)
    assert verdict.outcome is Outcome.ROTATED
    assert verdict.secret == secret_at(generation + 1)
    assert verdict.family == msgspec.structs.replace(
        before,
        generation=generation + 1,
        digest=digest(secret_at(generation + 1)),
        turned_at=later,
    )


@pytest.mark.requirement("RT-07")
def test_rotation_never_extends_the_absolute_end() -> None:
    family, end = family_at(0), NOW + LIFETIME * SECOND
    for generation in range(20):
        verdict = present(token_at(generation), family, now=NOW + generation * 86400 * SECOND)
        assert verdict.family is not None
        family = verdict.family
        assert family.expires_at == end


@pytest.mark.parametrize("since_turn", [0, 1, WINDOW - 1])
def test_the_generation_before_within_the_window_gets_the_same_successor_again(since_turn: int) -> None:
    """The row stays as it is; the secret is the one that the first answer held."""
    family = family_at(5)
    verdict = present(token_at(4), family, now=NOW + since_turn)
    assert verdict.outcome is Outcome.RETRIED
    assert verdict.family == family
    assert verdict.secret == secret_at(5)


@pytest.mark.requirement("RT-05")
@pytest.mark.parametrize("since_turn", [WINDOW, WINDOW + 1, WINDOW * 100])
def test_the_generation_before_outside_the_window_is_a_replay(since_turn: int) -> None:
    family = family_at(5)
    verdict = present(token_at(4), family, now=NOW + since_turn)
    assert verdict == Verdict(Outcome.REPLAYED, "replayed", revoked(family, NOW + since_turn))


@pytest.mark.requirement("RT-05")
@pytest.mark.parametrize("generation", [0, 1, 2, 3])
def test_anything_older_is_a_replay_at_once(generation: int) -> None:
    """Even in the instant of the rotation, and nothing but the status changes, and since when."""
    family = family_at(5)
    verdict = present(token_at(generation), family)
    assert verdict == Verdict(Outcome.REPLAYED, "replayed", revoked(family, NOW))


def test_a_window_of_nothing_makes_every_second_use_a_replay() -> None:
    policy = msgspec.structs.replace(POLICY, retry_window=0)
    assert present(token_at(4), family_at(5), policy=policy).outcome is Outcome.REPLAYED


def test_a_static_family_keeps_its_token_and_only_its_last_use_moves() -> None:
    policy = msgspec.structs.replace(POLICY, rotates=False)
    family, later = family_at(5), NOW + 3 * SECOND
    verdict = present(token_at(5), family, now=later, policy=policy)
    assert verdict.outcome is Outcome.RENEWED
    assert verdict.secret == secret_at(5)
    assert verdict.family == msgspec.structs.replace(family, turned_at=later)


def test_a_family_that_became_static_still_takes_the_retry_and_punishes_the_replay() -> None:
    policy = msgspec.structs.replace(POLICY, rotates=False)
    assert present(token_at(4), family_at(5), policy=policy).outcome is Outcome.RETRIED
    assert present(token_at(3), family_at(5), policy=policy).outcome is Outcome.REPLAYED


def test_a_clock_that_stepped_back_never_moves_the_row_back() -> None:
    for rotates in (True, False):
        policy = msgspec.structs.replace(POLICY, rotates=rotates)
        verdict = present(token_at(5), family_at(5), now=NOW - 3600 * SECOND, policy=policy)
        assert verdict.family is not None
        assert verdict.family.turned_at == NOW


def test_a_token_too_old_to_be_stepped_forward_is_a_replay_by_its_tag() -> None:
    """So that an old token costs a bounded number of steps, and never less than one death."""
    family = msgspec.structs.replace(family_at(0), generation=MAX_STEPS + 1, digest=b"\x22" * 32)
    assert present(token_at(0), family).outcome is Outcome.REPLAYED
    just_in_reach = msgspec.structs.replace(family, generation=MAX_STEPS)
    assert refused(present(token_at(0), just_in_reach), "digest-wrong")


def test_no_verdict_and_no_key_shows_a_secret_when_printed() -> None:
    verdict = present(token_at(0), family_at(0))
    presented = read_token(KEYS, token_at(0))
    for value in (verdict, KEYS, presented, family_at(0)):
        shown = repr(value) + str(value)
        for secret in (secret_at(0), secret_at(1), KEYS.tag, KEYS.ratchet):
            assert secret.hex() not in shown
            assert repr(secret)[2:-1] not in shown
