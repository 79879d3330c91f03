"""The form reader against a model that reads one character after the other."""

from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from moneyer.protocol.failures import BadParameter, BadRequest
from moneyer.protocol.form import MAX_FIELDS, MAX_NAME_BYTES, REPEATABLE, decode_component, read_form

HEX = "0123456789abcdefABCDEF"


class Refused(Exception):
    """The model refuses the body."""


def slow_decode(raw: bytes) -> str:
    """One form-encoded component, the long way (RFC 6749 appendix B)."""
    out = bytearray()
    position = 0
    while position < len(raw):
        character = chr(raw[position])
        if character == "+":
            out.append(0x20)
        elif character == "%":
            digits = raw[position + 1 : position + 3].decode("latin-1")
            if len(digits) != 2 or digits[0] not in HEX or digits[1] not in HEX:
                raise Refused
            out.append(int(digits, 16))
            position += 2
        else:
            out.append(raw[position])
        position += 1
    try:
        return out.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused from None


def slow_form(body: bytes) -> dict[str, str]:
    """The parameters of a body, the long way. Raises Refused."""
    fields = body.split(b"&")
    if len(fields) > MAX_FIELDS:
        raise Refused
    seen: list[str] = []
    values: dict[str, str] = {}
    for field in fields:
        if field == b"":
            continue
        name_bytes, value_bytes = field, b""
        if b"=" in field:
            at = field.index(b"=")
            name_bytes, value_bytes = field[:at], field[at + 1 :]
        name, value = slow_decode(name_bytes), slow_decode(value_bytes)
        if len(name.encode()) > MAX_NAME_BYTES:
            raise Refused
        if name in seen and name not in REPEATABLE:
            raise Refused
        seen.append(name)
        if value:
            if any(ord(character) < 0x20 or ord(character) == 0x7F for character in name + value):
                raise Refused
            values[name] = value
    return values


pieces = st.sampled_from(
    [
        *b"& = + % %2 %20 %zz %00 %0a %7f %c3%a9 %c3 %ff %26 %3d %2B %ED%A0%80".split(),
        *b"%c0%80 ; [] && a= = a b a=1 resource audience".split(),
        *b"grant_type \xef\xbb\xbf \xc3\xa9 \xff \x01 \x7f".split(),
        *(b" ", b"\x00", b"\r\n", b"x" * 64, b"y" * 65, b"z" * 193, b"&" * 63, b"q=1&" * 40),
    ]
)
bodies = st.one_of(
    st.lists(pieces, max_size=12).map(b"".join),
    st.binary(max_size=60),
    st.lists(st.tuples(st.text(max_size=6), st.text(max_size=6)), max_size=8).map(
        lambda pairs: "&".join(
            f"{quote_plus(n, errors='replace')}={quote_plus(v, errors='replace')}" for n, v in pairs
        ).encode()
    ),
)


@pytest.mark.requirement("TE-04", "TE-05", "TE-06")
@given(bodies)
@settings(deadline=None, max_examples=1500)
@example(b"a=1&%61=2")
@example(b"a=&a=1")
@example(b"a&a")
@example(b"resource=1&resource=2")
@example(b"&" * 63)
@example(b"&" * 64)
@example(b"=x&=y")
def test_the_reader_accepts_refuses_and_reads_as_the_model_does(body: bytes) -> None:
    try:
        expected = slow_form(body)
    except Refused:
        with pytest.raises(BadRequest):
            read_form(body)
        return
    form = read_form(body)
    assert form.names() == set(expected)
    for name, value in expected.items():
        assert form.text(name, 100_000) == value


printable_text = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=40)


@given(
    st.dictionaries(
        printable_text.filter(lambda name: len(name.encode()) <= 64), printable_text, max_size=64
    )
)
@settings(deadline=None, max_examples=300)
def test_what_a_client_encodes_arrives_however_it_encodes_blanks(values: dict[str, str]) -> None:
    """Blanks may be plus or %20, and every character may be escaped or not."""
    expected = {name: value for name, value in values.items() if value}
    for encode in (quote_plus, lambda text: quote(text, safe="")):
        body = "&".join(f"{encode(name)}={encode(value)}" for name, value in values.items()).encode()
        form = read_form(body)
        assert form.names() == set(expected)
        assert all(form.text(name, 10_000) == value for name, value in expected.items())


@given(st.binary(max_size=40))
@settings(deadline=None, max_examples=500)
def test_every_string_of_bytes_survives_being_escaped(data: bytes) -> None:
    """Fully escaped bytes come back as they were, or are refused as not UTF-8."""
    escaped = "".join(f"%{byte:02X}" for byte in data).encode()
    try:
        expected = data.decode("utf-8")
    except UnicodeDecodeError:
        with pytest.raises(ValueError, match="codec"):
            decode_component(escaped)
        return
    assert decode_component(escaped) == expected


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1), st.integers(1, 40))
@settings(deadline=None, max_examples=300)
def test_a_value_is_measured_in_bytes_and_the_cap_itself_is_allowed(value: str, cap: int) -> None:
    form = read_form(f"v={quote(value, safe='')}".encode())
    if len(value.encode()) <= cap:
        assert form.text("v", cap) == value
    else:
        with pytest.raises(BadParameter):
            form.text("v", cap)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=20))
@settings(deadline=None, max_examples=300)
def test_printable_means_each_character_from_blank_to_tilde(value: str) -> None:
    form = read_form(f"v={quote(value, safe='')}".encode())
    if all(0x20 <= ord(character) <= 0x7E for character in value):
        assert form.printable("v", 100) == form.require("v", 100) == value
    else:
        with pytest.raises(BadParameter):
            form.printable("v", 100)


def test_a_grant_sees_only_the_parameters_it_named() -> None:
    form = read_form(b"code=1&password=2&other=3").only(frozenset({"code", "absent"}))
    assert form.names() == {"code"}
    assert "password" not in form.names()
    assert form.text("password", 10) is None
    with pytest.raises(BadParameter):
        form.require("password", 10)
