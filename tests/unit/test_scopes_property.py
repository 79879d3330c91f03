"""Scopes: the grammar of RFC 6749 section 3.3, less the comma, and the rule of what is granted."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from moneyer.protocol.failures import BadScope
from moneyer.protocol.scopes import MAX_BYTES, MAX_SCOPES, join, narrow, split_scopes, valid_scope

LEGAL = [chr(c) for c in range(0x21, 0x7F) if chr(c) not in '",\\']
tokens = st.text(st.sampled_from(LEGAL), min_size=1, max_size=12)
few = st.lists(st.sampled_from(["a:read", "b:read", "c:write", "d"]), min_size=1, max_size=8)


@pytest.mark.requirement("TE-16")
@given(
    st.lists(tokens, min_size=1, max_size=MAX_SCOPES), st.integers(0, 3), st.sampled_from([",", " "])
)
@settings(deadline=None, max_examples=300)
def test_a_list_is_read_in_order_each_scope_once(listed: list[str], blanks: int, sep: str) -> None:
    text = (sep + " " * blanks).join(listed)
    if len(text) > MAX_BYTES:
        return
    assert split_scopes(text, sep) == tuple(dict.fromkeys(listed))


@pytest.mark.requirement("TE-16")
@given(st.text(max_size=12), st.sampled_from([",", " "]))
@settings(deadline=None, max_examples=1000)
@example("", ",")
@example(" ", " ")
@example("a,,b", ",")
@example("a,", ",")
@example(",", ",")
@example("a b", ",")
@example("a,b", " ")
@example('a"b', ",")
@example("a\\b", " ")
@example("é", ",")
def test_nothing_but_the_grammar_is_read(text: str, separator: str) -> None:
    """What is accepted is made of legal characters, blanks and, in V2, commas between scopes."""
    try:
        found = split_scopes(text, separator)
    except BadScope:
        return
    assert found
    assert len(set(found)) == len(found)
    assert all(scope and set(scope) <= set(LEGAL) for scope in found)
    parts = [part.strip(" ") for part in text.split(separator)] if separator == "," else text.split()
    assert tuple(dict.fromkeys(parts)) == found


@pytest.mark.requirement("TE-16")
def test_a_hundred_scopes_and_two_kilobytes_are_the_most() -> None:
    hundred = [f"s{number}" for number in range(100)]
    assert split_scopes(",".join(hundred), ",") == tuple(hundred)
    assert split_scopes("a" * 2048, ",") == ("a" * 2048,)
    for text in (",".join([*hundred, "more"]), "a" * 2049, ",".join(["a"] * 101)):
        with pytest.raises(BadScope):
            split_scopes(text, ",")


@pytest.mark.requirement("TE-16", "RT-02")
@given(few, few)
@settings(deadline=None, max_examples=300)
def test_what_is_granted_is_exactly_what_was_asked_in_the_order_held(
    asked: list[str], held: list[str]
) -> None:
    requested, owned = tuple(dict.fromkeys(asked)), tuple(dict.fromkeys(held))
    assert narrow(None, owned) == owned
    if set(requested) - set(owned):
        with pytest.raises(BadScope):
            narrow(requested, owned)
    else:
        granted = narrow(requested, owned)
        assert set(granted) == set(requested)
        assert granted == narrow(tuple(reversed(requested)), owned)
        assert [scope for scope in owned if scope in granted] == list(granted)


def scopes_or_none(text: str) -> tuple[str, ...] | None:
    try:
        return split_scopes(text, ",")
    except BadScope:
        return None


@pytest.mark.requirement("TE-16")
@given(st.text(max_size=6))
@settings(deadline=None, max_examples=300)
def test_what_can_be_registered_can_be_asked_for_in_both_spellings(scope: str) -> None:
    if valid_scope(scope):
        assert split_scopes(scope, ",") == split_scopes(scope, " ") == (scope,)
        assert split_scopes(join([scope, "z"]), " ") == tuple(dict.fromkeys([scope, "z"]))
    else:
        assert scopes_or_none(scope) != (scope,)


@pytest.mark.requirement("TE-16")
def test_scopes_are_case_sensitive() -> None:
    with pytest.raises(BadScope):
        narrow(("Accounts:read",), ("accounts:read",))
