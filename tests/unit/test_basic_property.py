"""HTTP Basic as RFC 6749 section 2.3.1 means it: form-encoded, then joined, then base64."""

import base64
import binascii
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from moneyer.protocol.basic import MAX_CLIENT_ID, MAX_CLIENT_SECRET, parse_basic
from moneyer.protocol.failures import BadClient, BadHeader

ANYTHING = st.characters(codec="utf-8", exclude_categories=["Cc"])
UNRESERVED = st.characters(codec="ascii", categories=["L", "N"], include_characters="-._~")
ids = st.text(ANYTHING, min_size=1, max_size=MAX_CLIENT_ID)
secrets = st.text(ANYTHING, min_size=1, max_size=MAX_CLIENT_SECRET)


def header(pair: bytes, scheme: bytes = b"Basic") -> bytes:
    return scheme + b" " + base64.b64encode(pair)


@pytest.mark.requirement("CA-01", "CA-02", "CA-03")
@given(ids, secrets)
@settings(deadline=None, max_examples=300)
@example("s6Bh:dRkqt3", "7Fjf p0ZBr1K+%é")
@example(":", ":")
def test_any_id_and_any_secret_survive_the_trip(client_id: str, secret: str) -> None:
    for encode in (quote_plus, lambda text: quote(text, safe="")):
        pair = f"{encode(client_id)}:{encode(secret)}".encode()
        assert parse_basic(header(pair)) == (client_id, secret)


@pytest.mark.requirement("CA-03")
@given(st.text(UNRESERVED, min_size=1, max_size=128), st.text(UNRESERVED, min_size=1, max_size=256))
@settings(deadline=None, max_examples=200)
def test_unreserved_characters_are_equal_encoded_and_raw(client_id: str, secret: str) -> None:
    raw = parse_basic(header(f"{client_id}:{secret}".encode()))
    encoded = parse_basic(header(f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()))
    assert raw == encoded == (client_id, secret)


@pytest.mark.requirement("CA-04")
@given(st.lists(st.booleans(), min_size=5, max_size=5), st.integers(1, 3))
@settings(deadline=None, max_examples=50)
def test_the_scheme_is_read_in_any_case(upper: list[bool], blanks: int) -> None:
    scheme = "".join(c.upper() if up else c.lower() for c, up in zip("basic", upper, strict=True))
    value = scheme.encode() + b" " * blanks + base64.b64encode(b"id:secret")
    assert parse_basic(value) == ("id", "secret")


@pytest.mark.requirement("CA-02")
@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"Basic",
        b"Basic ",
        b"Bearer abc",
        b"Basicabc",
        b"Digest username=x",
        b"Basic !!!!",
        b"Basic aWQ6c2VjcmV0 aWQ6c2VjcmV0",
        b"Basic aWQ6c2Vj\ncmV0",
        header(b"no-colon"),
        header(b":secret"),
        header(b"id:"),
        header(b":"),
        header(b"id:%"),
        header(b"id:%zz"),
        header(b"id%4:secret"),
        header(b"id:\xff\xfe"),
        header(b"id:%ff"),
        header(b"id:%ED%A0%80"),
        header(b"i%00d:secret"),
        header(b"id:sec%0D%0Aret"),
        header(b"id:sec\x7fret"),
        header(b"i" * 129 + b":secret"),
        header(b"id:" + b"s" * 257),
        b"Basic " + "aWQ6c2VjcmV0".translate({ord("a"): "\u0430"}).encode(),
    ],
)
def test_a_malformed_header_is_a_bad_client(value: bytes | None) -> None:
    with pytest.raises(BadClient):
        parse_basic(value)


@pytest.mark.requirement("CA-02")
def test_the_first_colon_separates() -> None:
    """A colon in the id must be escaped; in the secret it may stand as it is."""
    assert parse_basic(header(b"id:se:cr:et")) == ("id", "se:cr:et")
    assert parse_basic(header(b"id::")) == ("id", ":")
    assert parse_basic(header(b"i%3Ad:se%3Acret")) == ("i:d", "se:cret")


def test_the_caps_of_id_and_secret_themselves_are_allowed() -> None:
    assert parse_basic(header(b"i" * 128 + b":" + b"s" * 256)) == ("i" * 128, "s" * 256)


@pytest.mark.requirement("CA-04")
@pytest.mark.parametrize(
    "value",
    [
        b"Basic aWQ6c2VjcmV0, Basic aWQ6c2VjcmV0",
        b"Basic aWQ6c2VjcmV0,Bearer x",
        b"Bearer x, Basic aWQ6c2VjcmV0",
        b"Basic ,",
    ],
)
def test_two_credentials_joined_by_a_comma_are_a_bad_header(value: bytes) -> None:
    with pytest.raises(BadHeader):
        parse_basic(value)


@given(st.binary(max_size=80))
@settings(deadline=None, max_examples=500)
@example(b"Basic aWQ6")
def test_no_header_brings_about_anything_but_credentials_or_a_refusal(value: bytes) -> None:
    for whole in (value, b"Basic " + value, b"Basic " + binascii.b2a_base64(value, newline=False)):
        try:
            credentials = parse_basic(whole)
        except (BadClient, BadHeader):
            continue
        assert credentials.client_id
        assert credentials.client_secret


def test_the_text_of_credentials_shows_none() -> None:
    credentials = parse_basic(header(b"visible-id:hidden-secret"))
    assert "hidden" not in repr(credentials) + str(credentials)
