"""A group's view of the store: each operation sees the one before it, and can be undone alone."""

import dataclasses
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moneyer.audit.events import Event
from moneyer.guards.attempts import Attempts
from moneyer.protocol.failures import BadToken
from moneyer.store.rows import Rows, WrongInstitution

NAMES = ["a", "b", "c"]


@dataclasses.dataclass
class Write:
    """Writes rows and events, then answers, refuses or breaks."""

    puts: list[tuple[str, int]]
    end: str
    events: int = 1

    @property
    def institution_id(self) -> str:
        return "00016"

    def wants(self, rows: Rows) -> None:
        for name, _ in self.puts:
            rows.attempts.want("00016", name)

    def decide(self, rows: Rows, now: int) -> str:
        for name, count in self.puts:
            row = rows.attempts.get("00016", name) or Attempts("00016", name, now)
            assert row.name == name
            rows.attempts.put(Attempts("00016", name, now, window_count=count))
        for number in range(self.events):
            rows.record(Event(f"{self.end}:{number}", now, "00016"))
        if self.end == "refuse":
            raise BadToken("refused")
        if self.end == "break":
            raise RuntimeError("broken")
        return "done"


WRITES = st.lists(
    st.builds(
        Write,
        puts=st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 99)), max_size=4),
        end=st.sampled_from(["answer", "refuse", "break"]),
        events=st.integers(0, 2),
    ),
    max_size=10,
)


@given(stored=st.dictionaries(st.sampled_from(NAMES), st.integers(100, 199)), writes=WRITES)
@settings(max_examples=400, deadline=None)
def test_a_group_leaves_what_its_sound_operations_would_have_left_alone(
    stored: dict[str, int], writes: list[Write]
) -> None:
    """Answers and refusals stand; what broke leaves neither a row nor an event. What is inserted was
    not there before, what is updated was.
    """
    rows = Rows()
    rows.gather(writes)
    for name in [name for _, name in rows.attempts.wanted]:
        if name in stored:
            rows.attempts.loaded(Attempts("00016", str(name), 0, window_count=stored[str(name)]))
    outcomes = [rows.attempt(write, 5) for write in writes]

    expected, events, touched = dict(stored), [], set()
    for write, outcome in zip(writes, outcomes, strict=True):
        if write.end == "break":
            assert isinstance(outcome, RuntimeError)
            continue
        if write.end == "refuse":
            assert isinstance(outcome, BadToken)
            assert outcome.recorded is (write.events > 0)
        else:
            assert outcome == "done"
        expected |= dict(write.puts)
        touched |= {name for name, _ in write.puts}
        events += [f"{write.end}:{number}" for number in range(write.events)]
    inserted = {row.name: row.window_count for row in rows.attempts.new_rows()}
    updated = {row.name: row.window_count for row in rows.attempts.updated_rows()}
    assert inserted == {name: expected[name] for name in touched - stored.keys()}
    assert updated == {name: expected[name] for name in touched & stored.keys()}
    assert [event.name for event in rows.events] == events
    assert rows.untouched is (not touched and not events)


def test_only_rows_that_were_asked_for_may_be_read_or_written() -> None:
    """An operation that forgets to ask fails, always, instead of seeing a row that is not there."""
    rows = Rows()
    rows.gather([Write(puts=[("a", 1)], end="answer", events=0)])
    touches: list[Callable[[], object]] = [
        lambda: rows.attempts.get("00016", "b"),
        lambda: rows.attempts.put(Attempts("00016", "b", 0)),
    ]
    for touch in touches:
        with pytest.raises(KeyError):
            touch()
    assert rows.attempts.get("00016", "a") is None
    assert rows.untouched


@pytest.mark.requirement("RV-02")
def test_no_operation_reaches_another_institutions_rows() -> None:
    """Not by asking, not by naming a row that another operation of the group asked for."""
    rows = Rows()
    rows.gather([Write(puts=[("a", 1)], end="answer", events=0)])
    touches: list[Callable[[], object]] = [
        lambda: rows.attempts.want("00042", "a"),
        lambda: rows.attempts.get("00042", "a"),
        lambda: rows.attempts.put(Attempts("00042", "a", 0)),
        lambda: rows.record(Event("some:event", 0, "00042")),
    ]
    for touch in touches:
        with pytest.raises(WrongInstitution):
            touch()
    assert rows.untouched
    assert rows.institutions == {"-", "00016"}


def test_every_kind_of_row_counts_as_a_change() -> None:
    """So that no group with something to write is rolled back as if it had nothing."""
    rows = Rows()
    kinds = [
        name
        for name in vars(rows)
        if not name.startswith("_") and name not in {"events", "institutions"}
    ]
    assert kinds == [
        "families",
        "codes",
        "customers",
        "attempts",
        "revoked_tokens",
        "sessions",
        "consents",
        "factors",
        "requests",
        "notices",
        "key_sets",
        "secrets",
    ]
    for kind in kinds:
        rows = Rows()
        assert rows.untouched
        getattr(rows, kind).changed.add(("00016", "x"))
        assert not rows.untouched
