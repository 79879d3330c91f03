"""Locking a login: the limits as properties over every interleaving, on the pure functions."""

import dataclasses
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings, target
from hypothesis import strategies as st

from moneyer.guards.attempts import (
    FOREVER,
    Attempts,
    LoginLimits,
    admit_login,
    fail_login,
    forgive,
    withdraw_login,
)
from moneyer.protocol.clock import SECOND

START = 1_800_000_000 * SECOND
DEFAULT = LoginLimits()
MINUTES_30 = 1800 * SECOND

LIMITS = st.builds(
    LoginLimits,
    free=st.integers(1, 6),
    longest_wait=st.sampled_from([1, 60, 900]),
    soft=st.integers(2, 10),
    window=st.sampled_from([60, 1800]),
    hard=st.integers(5, 100),
)
PAUSES = st.one_of(
    st.integers(0, 20),
    st.sampled_from([59, 60, 1700, 1780, 1795, 1799, 1800, 1801, 3600, 86400]),
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["ask", "fail", "guess", "guess", "wait_and_guess", "withdraw", "near_the_end"]
        ),
        st.one_of(st.just(0), PAUSES),
    ),
    max_size=80,
)


@dataclasses.dataclass
class Login:
    """One login under attack: asks for leave, checks, settles; any number at once."""

    limits: LoginLimits
    row: Attempts = dataclasses.field(default_factory=lambda: Attempts("00016", "login:x", START))
    now: int = START
    under_way: int = 0
    checked: list[int] = dataclasses.field(default_factory=list)
    """When a password was checked, since the last success."""

    def ask(self) -> bool:
        admitted = admit_login(self.row, self.limits, self.now)
        if admitted is None:
            return False
        self.row = admitted
        self.under_way += 1
        self.checked.append(self.now)
        return True

    def fail(self) -> None:
        if self.under_way:
            self.under_way -= 1
            self.row = fail_login(self.row, self.limits, self.now)

    def withdraw(self) -> None:
        """The check could not be made: nothing was learned, so it counts for nothing."""
        if self.under_way:
            self.under_way -= 1
            self.checked.pop()
            self.row = withdraw_login(self.row)

    def guess(self) -> bool:
        """One attempt, made and failed."""
        admitted = self.ask()
        self.fail()
        return admitted

    def wait_and_guess(self) -> None:
        """As fast as the waits allow."""
        if self.row.blocked_until < FOREVER:
            self.now = max(self.now, self.row.blocked_until)
        self.guess()

    def near_the_end(self) -> None:
        """To shortly before the window that is counted in would end, if it began with the first."""
        if self.checked:
            end = self.checked[-1] + (self.limits.window - 20) * SECOND
            self.now = max(self.now, end)

    def densest(self) -> int:
        """The largest number of checks in any span as long as the window."""
        span = self.limits.window * SECOND
        return max(
            (sum(1 for t in self.checked if at <= t < at + span) for at in self.checked), default=0
        )


def played(limits: LoginLimits, steps: list[tuple[str, int]]) -> Login:
    login = Login(limits)
    for step, pause in steps:
        login.now += pause * SECOND
        getattr(login, step)()
    return login


@pytest.mark.requirement("PW-02")
@given(limits=LIMITS, steps=STEPS)
@settings(max_examples=500, deadline=None)
def test_no_login_sees_more_checks_in_any_half_hour_than_the_soft_limit(
    limits: LoginLimits, steps: list[tuple[str, int]]
) -> None:
    """Any half hour, not just those that begin with a count: whatever is asked, settled, withdrawn."""
    densest = played(limits, steps).densest()
    target(float(densest))
    assert densest <= limits.soft


@pytest.mark.requirement("PW-02")
def test_the_end_of_a_half_hour_is_no_fresh_start() -> None:
    """Nine guesses at the end of one half hour and the rest right after: still ten in all."""
    for first_pause in range(1740, 1800):
        login = Login(DEFAULT)
        login.guess()
        login.now += first_pause * SECOND
        while login.now < START + 2 * MINUTES_30:
            login.wait_and_guess()
        assert login.densest() <= DEFAULT.soft


@pytest.mark.requirement("PW-02")
@pytest.mark.parametrize("at_once", [1, 10, 11, 500])
def test_attempts_at_once_are_counted_before_any_of_them_is_checked(at_once: int) -> None:
    login = Login(DEFAULT)
    assert sum(login.ask() for _ in range(at_once)) == min(at_once, DEFAULT.soft)
    for _ in range(at_once):
        login.fail()
    assert login.row.blocked_until == (START + MINUTES_30 if at_once >= DEFAULT.soft else 0) or (
        at_once < DEFAULT.soft
    )
    if at_once >= DEFAULT.soft:
        login.now += MINUTES_30 - 1
        assert not login.ask()
        login.now += 1
        assert login.ask()


def test_five_failures_are_free_and_then_the_wait_doubles() -> None:
    """One second, two, four, … up to the longest; an attempt in the wait is not made."""
    limits = LoginLimits(soft=50)
    login, waits = Login(limits), []
    for _ in range(limits.free):
        assert login.guess()
    assert login.guess()
    for _ in range(14):
        before = login.now
        login.now = login.row.blocked_until - 1
        assert not login.ask()
        login.now += 1
        waits.append((login.now - before) // SECOND)
        assert login.guess()
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]


@pytest.mark.requirement("PW-02", "NI-06")
def test_a_hundred_failures_in_a_row_lock_for_good() -> None:
    """However patient the guesser: the hundred and first is never checked."""
    login = Login(DEFAULT)
    for _ in range(100_000):
        if login.row.blocked_until == FOREVER:
            break
        login.guess()
        login.now = max(login.now + 60 * SECOND, login.row.blocked_until)
    assert len(login.checked) == DEFAULT.hard
    login.now += 10 * 366 * 86400 * SECOND
    assert not login.ask()


@pytest.mark.requirement("PW-02", "NI-06")
@given(limits=LIMITS, steps=STEPS, later=st.lists(PAUSES, max_size=60))
@settings(max_examples=200, deadline=None)
def test_never_more_checks_in_a_row_than_the_hard_limit(
    limits: LoginLimits, steps: list[tuple[str, int]], later: list[int]
) -> None:
    login = played(limits, steps)
    for pause in later:
        login.now += pause * 7200 * SECOND
        login.guess()
    assert len(login.checked) <= limits.hard


@given(limits=LIMITS, steps=STEPS)
@settings(max_examples=200, deadline=None)
def test_a_success_forgives_everything(limits: LoginLimits, steps: list[tuple[str, int]]) -> None:
    """After it the login stands as one that never failed."""
    login = played(limits, steps)
    login.row = forgive(login.row, login.now)
    login.checked.clear()
    assert sum(login.ask() for _ in range(50)) == min(limits.soft, limits.hard)


@given(limits=LIMITS, steps=STEPS)
@settings(max_examples=200, deadline=None)
def test_asking_while_locked_changes_nothing(limits: LoginLimits, steps: list[tuple[str, int]]) -> None:
    """A lock ends when it ends: who keeps knocking does not keep the owner out for longer."""
    login = played(limits, steps)
    before = login.row
    if admit_login(login.row, limits, login.now) is None:
        for _ in range(5):
            assert not login.ask()
        assert login.row == before


@given(limits=LIMITS, steps=STEPS)
@settings(max_examples=200, deadline=None)
def test_an_attempt_that_could_not_be_made_is_not_held_against_the_login(
    limits: LoginLimits, steps: list[tuple[str, int]]
) -> None:
    login = played(limits, steps)
    counts = login.row.consecutive
    if login.ask():
        login.withdraw()
        assert login.row.consecutive == counts
        assert login.row.blocked_until <= login.now


@example(
    limits=LoginLimits(free=1, longest_wait=1, soft=5, window=60, hard=5),
    steps=[*[("ask", 0)] * 4, ("guess", 0), ("withdraw", 0)],
)
@given(limits=LIMITS, steps=STEPS)
@settings(max_examples=200, deadline=None)
def test_a_lock_that_is_not_for_good_ends_within_the_window(
    limits: LoginLimits, steps: list[tuple[str, int]]
) -> None:
    """The owner of the login gets in again without help, unless the hard limit was reached."""
    login = played(limits, steps)
    if login.row.consecutive < limits.hard:
        login.now += max(limits.window, limits.longest_wait) * SECOND
        assert login.ask()


def histories() -> Iterator[tuple[int, int]]:
    for crashed in range(11):
        yield crashed, DEFAULT.soft - crashed


@pytest.mark.parametrize(("crashed", "left"), list(histories()))
def test_an_attempt_whose_process_died_stays_counted(crashed: int, left: int) -> None:
    """It was admitted and never settled; the rest of the ten is all that is left."""
    login = Login(DEFAULT)
    for _ in range(crashed):
        assert login.ask()
    login.under_way = 0
    assert sum(login.ask() for _ in range(50)) == left
