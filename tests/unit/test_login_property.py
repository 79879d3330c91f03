"""Canonical logins: what a person cannot tell apart is one login, what does not show is refused."""

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from moneyer.customers.login import MAX_BYTES, canonical_login
from moneyer.protocol.failures import BadParameter

TEXT = st.characters(codec="utf-8")
TRICKY = (
    "aAiI\u0130\u0131\u017fsS\u00df\u1e9eK\u212a\u00c5\u212b\u00e9\u00c9\u0300\u0301"
    "\u0327\u0345\u0307\u01c5\u03b1\u0391\u03c2\u03c3\u03a3\ufb01\uff11\uff41\u00a0 \u00a8\u1fbc\u1e9b"
)
"""Characters with more than one spelling, or more than one case."""

logins = st.one_of(
    st.text(TEXT, min_size=1, max_size=20),
    st.text(st.sampled_from(TRICKY), min_size=1, max_size=8),
)


def key_of(login_id: str) -> str | None:
    """The key, or None when the login is refused."""
    try:
        return canonical_login(login_id)
    except BadParameter:
        return None


@given(logins)
@settings(deadline=None, max_examples=2000)
@example("\u00a8x")
@example("x\u037a")
@example("\ufdfa" * 80)
def test_the_key_of_a_key_is_the_key_itself(login_id: str) -> None:
    key = key_of(login_id)
    if key is not None:
        assert canonical_login(key) == key
        assert 0 < len(key.encode()) <= MAX_BYTES
        assert key == key.strip()


def test_the_key_of_a_key_is_the_key_itself_for_every_character() -> None:
    for code in [*range(0xD800), *range(0xE000, 0x32000), *range(0xE0000, 0xE0200)]:
        for login_id in (f"x{chr(code)}y", f"\u03b1{chr(code)}\u0345"):
            key = key_of(login_id)
            assert key is None or key_of(key) == key, hex(code)


@given(logins)
@settings(deadline=None, max_examples=1000)
def test_composed_decomposed_and_compatible_spellings_are_one_login(login_id: str) -> None:
    forms = [unicodedata.normalize(form, login_id) for form in ("NFC", "NFD", "NFKC", "NFKD")]
    fitting = [form for form in (login_id, *forms) if key_of(form) is not None]
    assert len({canonical_login(form) for form in fitting}) <= 1


def caseless(text: str) -> str:
    """Equal for exactly those texts that are a compatibility caseless match (Unicode 3.13, D146)."""
    first = unicodedata.normalize("NFKD", unicodedata.normalize("NFD", text).casefold())
    return unicodedata.normalize("NFKD", first.casefold())


@given(logins, logins)
@settings(deadline=None, max_examples=1000)
@example("\u0300\u0345", "\u0399")
def test_two_logins_are_one_exactly_if_they_match_but_for_case_and_compatibility(
    one: str, other: str
) -> None:
    variants = [v for text in (one, other) for v in (text, text.upper(), text.lower(), text.title())]
    keys = {variant: key for variant in variants if (key := key_of(variant)) is not None}
    for first, key in keys.items():
        for second, other_key in keys.items():
            assert (key == other_key) == (caseless(first) == caseless(second))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada", "ada"),
        ("caf\u00e9", "cafe\u0301"),
        ("\u212aelvin", "kelvin"),
        ("\u212bngstr\u00f6m", "\u00e5ngstr\u00f6m"),
        ("stra\u00dfe", "STRASSE"),
        ("stra\u1e9ee", "strasse"),
        ("\ufb01nn", "finn"),
        ("\uff41\uff44\uff41", "ada"),
        ("\uff11\uff16", "16"),
        ("\u03a3\u03bf\u03c6\u03cc\u03c2", "\u03c3\u03bf\u03c6\u03cc\u03c3"),
        ("a\u00a0b", "a b"),
        ("a\u2003b", "a b"),
        ("\u017fam", "sam"),
        ("\U0001d5ba\U0001d5bd\U0001d5ba", "ada"),
        ("o\u0323\u0302", "o\u0302\u0323"),
    ],
)
def test_spellings_that_look_alike_are_one_login(one: str, other: str) -> None:
    assert canonical_login(one) == canonical_login(other)


@pytest.mark.parametrize(("one", "other"), [("16", "00016"), ("ada", "ad a"), ("i", "\u0131")])
def test_spellings_that_look_different_are_two_logins(one: str, other: str) -> None:
    assert canonical_login(one) != canonical_login(other)


HIDDEN = {
    "soft hyphen": "\u00ad",
    "zero-width space": "\u200b",
    "zero-width non-joiner": "\u200c",
    "zero-width joiner": "\u200d",
    "right-to-left mark": "\u200f",
    "right-to-left override": "\u202e",
    "isolate": "\u2066",
    "word joiner": "\u2060",
    "byte order mark": "\ufeff",
    "combining grapheme joiner": "\u034f",
    "variation selector": "\ufe0f",
    "variation selector 17": "\U000e0100",
    "Mongolian variation selector": "\u180b",
    "Mongolian variation selector 4": "\u180f",
    "Hangul filler": "\u3164",
    "Hangul choseong filler": "\u115f",
    "halfwidth Hangul filler": "\uffa0",
    "Khmer inherent vowel": "\u17b4",
    "tag": "\U000e0061",
    "line separator": "\u2028",
    "paragraph separator": "\u2029",
    "NUL": "\x00",
    "tab": "\t",
    "next line": "\x85",
    "delete": "\x7f",
    "private use": "\ue000",
    "unassigned": "\u0378",
    "braille blank": "\u2800",
}


@pytest.mark.parametrize("character", HIDDEN.values(), ids=HIDDEN.keys())
def test_a_character_that_does_not_show_is_refused(character: str) -> None:
    for login_id in (
        f"a{character}da",
        f"{character}ada",
        f"ada{character}",
        character,
        f"é{character}x",
    ):
        with pytest.raises(BadParameter):
            canonical_login(login_id)


@pytest.mark.parametrize(
    "login_id", ["", " ", " ada", "ada ", "\u00a0ada", "ada\u3000", "\u00a8", "\u00b4x", "x\u1fbf "]
)
def test_nothing_and_blanks_at_an_end_are_refused(login_id: str) -> None:
    with pytest.raises(BadParameter):
        canonical_login(login_id)


def test_256_bytes_are_the_most_before_and_after_folding() -> None:
    assert canonical_login("a" * 256) == "a" * 256
    assert canonical_login("é" * 128)
    for login_id in ("a" * 257, "é" * 129, "\ufdfa" * 20, "\U0001f600" * 65):
        with pytest.raises(BadParameter):
            canonical_login(login_id)
