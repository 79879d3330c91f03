"""When a token is renewed and whether a request is repeated: for every token, clock and jitter."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moneyer.client import Margin, ProtocolError, Retry, ServiceUnavailable, Tokens, Unreachable
from moneyer.client.renewal import Freshness, due_at, freshness
from moneyer.client.retrying import wait_before_next
from moneyer.protocol.clock import SECOND

instants = st.integers(0, 4_000_000_000 * SECOND)
jitters = st.floats(0, 1, exclude_max=True)
margins = st.builds(Margin, st.floats(0, 86400), st.floats(0, 0.5))
lifetimes = st.integers(0, 400 * 86400)


@st.composite
def tokens(draw: st.DrawFn) -> Tokens:
    obtained_at = draw(instants)
    return Tokens("at", obtained_at, obtained_at + draw(lifetimes) * SECOND)


@given(tokens(), margins, jitters)
def test_a_token_is_due_while_it_is_good_and_never_before_it_was_there(
    token: Tokens, margin: Margin, jitter: float
) -> None:
    """Between once and twice the margin before its end."""
    due = due_at(token, margin, jitter)
    assert due is not None
    assert token.expires_at is not None
    assert token.obtained_at <= due <= token.expires_at
    early = min(margin.seconds, margin.share * (token.expires_at - token.obtained_at) / SECOND)
    assert early * (1 - 1e-6) - 1 <= (token.expires_at - due) / SECOND <= 2 * early + 1


@given(tokens(), margins, jitters, instants, st.integers(0, 86400 * SECOND))
def test_a_token_only_ever_gets_older(
    token: Tokens, margin: Margin, jitter: float, now: int, later: int
) -> None:
    """FRESH, then DUE, then EXPIRED, which it is from `expires_at` on and no microsecond sooner."""
    order = list(Freshness)
    then, after = (freshness(token, margin, jitter, at) for at in (now, now + later))
    assert order.index(then) <= order.index(after)
    assert token.expires_at is not None
    assert (then is Freshness.EXPIRED) is (now >= token.expires_at)


@given(tokens(), margins, jitters, jitters, instants)
def test_more_jitter_means_earlier(
    token: Tokens, margin: Margin, one: float, other: float, now: int
) -> None:
    """So that those who began together do not renew together."""
    less, more = sorted((one, other))
    assert (due_at(token, margin, more) or 0) <= (due_at(token, margin, less) or 0)


@given(instants, margins, jitters, instants)
def test_a_token_without_a_lifetime_serves_until_it_is_refused(
    obtained_at: int, margin: Margin, jitter: float, now: int
) -> None:
    """`expires_in` is only recommended (RFC 6749 section 5.1)."""
    token = Tokens("at", obtained_at)
    assert freshness(token, margin, jitter, now) is Freshness.FRESH


def test_half_an_hour_is_renewed_half_a_minute_before_its_end() -> None:
    """And a minute a few seconds before: the smaller of 30 s and a tenth."""
    for lifetime, early in ((1800, 30), (60, 6), (10, 1)):
        token = Tokens("at", 0, lifetime * SECOND)
        assert due_at(token, Margin(), 0.0) == (lifetime - early) * SECOND
        assert due_at(token, Margin(), 0.5) == (lifetime - early * 1.5) * SECOND


failures = st.one_of(
    st.builds(ServiceUnavailable, st.just("busy"), st.none() | st.floats(0, 120)),
    st.builds(ServiceUnavailable, st.just("busy"), st.floats(0, 120)),
    st.builds(lambda sent: Unreachable("gone", sent=sent), st.booleans()),
    st.builds(ProtocolError, st.just("odd"), st.sampled_from([0, 200, 301, 403])),
)
policies = st.builds(Retry, st.integers(3, 9), st.floats(0, 5), st.floats(0, 60))


@settings(max_examples=500)
@given(failures, st.integers(1, 5), policies, jitters, st.booleans())
def test_a_wait_is_never_longer_than_the_policy_nor_shorter_than_the_service_asked(
    failure: ServiceUnavailable | ProtocolError,
    attempt: int,
    retry: Retry,
    jitter: float,
    single_use: bool,
) -> None:
    """And what may not be repeated ends with the failure itself."""
    never_sent = isinstance(failure, Unreachable) and not failure.sent
    told = getattr(failure, "retry_after", None)
    ends = (
        attempt >= retry.attempts
        or (single_use and not never_sent)
        or (isinstance(failure, ProtocolError) and failure.status != 200)
        or (told is not None and told > retry.longest_wait)
    )
    if ends:
        with pytest.raises(type(failure)) as raised:
            wait_before_next(failure, attempt, retry, jitter, single_use=single_use)
        assert raised.value is failure
    else:
        wait = wait_before_next(failure, attempt, retry, jitter, single_use=single_use)
        assert (told or 0.0) <= wait <= retry.longest_wait


def test_waits_grow() -> None:
    """Twice as long each time, up to the longest, less up to half by jitter."""
    retry = Retry(attempts=9, first_wait=0.2, longest_wait=2.0)
    gone = Unreachable("gone", sent=True)
    for jitter, factor in ((0.0, 1.0), (1.0, 0.5)):
        waits = [wait_before_next(gone, n, retry, jitter, single_use=False) for n in range(1, 7)]
        assert waits == pytest.approx([factor * wait for wait in (0.2, 0.4, 0.8, 1.6, 2.0, 2.0)])
