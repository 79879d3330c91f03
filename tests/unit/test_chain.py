"""The audit chain: whole it verifies; whatever is done to it, it does not."""

import hashlib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moneyer.audit.chain import GENESIS, BrokenChain, Head, Link, extend, verify_chain
from moneyer.audit.events import Event, encode_event

TEXT = st.text(max_size=20)
EVENTS = st.lists(
    st.builds(
        Event,
        name=TEXT,
        at=st.integers(0, 2**62),
        institution_id=TEXT,
        client_id=TEXT,
        reason=TEXT,
        generation=st.integers(-1, 2**31),
    ),
    min_size=1,
    max_size=12,
)
MANY = settings(max_examples=150, deadline=None)


def chain(events: list[Event], writer: str = "node-1") -> tuple[Head, list[Link]]:
    return extend(Head(writer), events)


def broken(links: list[Link], head: Head) -> bool:
    try:
        verify_chain(links, head)
    except BrokenChain:
        return True
    return False


@given(events=EVENTS)
@MANY
def test_a_chain_is_what_its_formula_says(events: list[Event]) -> None:
    head, links = chain(events)
    digest = bytes(32)
    for number, (event, link) in enumerate(zip(events, links, strict=True), 1):
        body = msgspec.json.encode(event)
        digest = hashlib.sha256(b"\0" + digest + body).digest()
        row = Link(event.institution_id, "node-1", number, event.at, event.name, body, digest)
        assert link == row
    assert head == Head("node-1", len(events), digest)
    verify_chain(links, head)


@given(events=EVENTS, cut=st.integers(0, 12))
@MANY
def test_it_does_not_matter_in_how_many_steps_a_chain_was_written(
    events: list[Event], cut: int
) -> None:
    half, first = extend(Head("node-1"), events[:cut])
    head, second = extend(half, events[cut:])
    assert (head, first + second) == chain(events)


@given(events=EVENTS, data=st.data())
@MANY
def test_an_edited_event_is_found(events: list[Event], data: st.DataObject) -> None:
    """Every member of what is stored counts, the columns beside the body too."""
    head, links = chain(events)
    place = data.draw(st.integers(0, len(links) - 1))
    member, value = data.draw(
        st.sampled_from(
            [
                ("institution_id", "another"),
                ("writer", "another"),
                ("sequence", 999),
                ("at", -1),
                ("name", "another:name, and a long one"),
                ("digest", GENESIS),
                ("body", encode_event(Event("other", 1, "00042", detail="never drawn"))),
                ("body", b"{}"),
                ("body", b"not even JSON"),
                ("body", links[place].body + b" "),
            ]
        )
    )
    links[place] = links[place]._replace(**{member: value})  # type: ignore[arg-type]
    assert broken(links, head)


@given(events=EVENTS, data=st.data())
@MANY
def test_a_deleted_event_is_found(events: list[Event], data: st.DataObject) -> None:
    head, links = chain(events)
    del links[data.draw(st.integers(0, len(links) - 1))]
    assert broken(links, head)


@given(events=EVENTS, data=st.data())
@MANY
def test_a_deleted_event_is_found_even_when_the_rest_is_numbered_anew(
    events: list[Event], data: st.DataObject
) -> None:
    head, links = chain(events)
    del links[data.draw(st.integers(0, len(links) - 1))]
    links = [link._replace(sequence=number) for number, link in enumerate(links, 1)]
    assert broken(links, head)


@given(events=EVENTS, data=st.data())
@MANY
def test_two_events_in_each_other_s_place_are_found(events: list[Event], data: st.DataObject) -> None:
    head, links = chain(events)
    one, other = data.draw(st.tuples(*[st.integers(0, len(links) - 1)] * 2))
    if links[one] != links[other]:
        links[one], links[other] = links[other], links[one]
        assert broken(links, head)


@given(events=EVENTS, cut=st.integers(0, 11))
@MANY
def test_a_cut_off_end_is_found_by_the_head(events: list[Event], cut: int) -> None:
    head, links = chain(events)
    if cut < len(links):
        assert broken(links[:cut], head)


@given(events=EVENTS, forged=EVENTS)
@MANY
def test_a_rewritten_chain_is_found_by_a_head_that_was_kept(
    events: list[Event], forged: list[Event]
) -> None:
    """Whoever computes the whole chain anew has another head."""
    head, _ = chain(events)
    _, links = chain(forged)
    if events != forged:
        assert broken(links, head)


@given(events=EVENTS)
@MANY
def test_events_of_another_writer_are_no_part_of_the_chain(events: list[Event]) -> None:
    head, _ = chain(events)
    _, links = chain(events, "node-2")
    assert broken(links, head)


def test_an_empty_chain_verifies_and_an_empty_one_with_a_head_does_not() -> None:
    verify_chain([], Head("node-1"))
    assert broken([], Head("node-1", 1, bytes(32)))
    assert broken([], Head("node-1", 0, b"\1" * 32))


def test_what_broke_is_named() -> None:
    head, links = chain([Event("a", 1, "00016"), Event("b", 2, "00016"), Event("c", 3, "00016")])
    del links[1]
    with pytest.raises(BrokenChain, match="event 3 of writer node-1") as caught:
        verify_chain(links, head)
    assert caught.value.link.sequence == 3


def test_members_that_do_not_apply_are_left_out_of_the_stored_form() -> None:
    assert encode_event(Event("a:b", 5, "00016")) == b'{"name":"a:b","at":5,"institution_id":"00016"}'
