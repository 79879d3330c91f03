"""base64url: every value has one spelling."""

import base64
import string

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from moneyer.protocol import base64url

ALPHABET = string.ascii_letters + string.digits + "-_"


@given(st.binary(max_size=200))
@settings(deadline=None, max_examples=300)
def test_what_is_encoded_comes_back_and_is_spelled_as_the_standard_library_does(data: bytes) -> None:
    text = base64url.encode(data)
    assert text == base64.urlsafe_b64encode(data).rstrip(b"=")
    assert base64url.decode(text) == data


@pytest.mark.requirement("JW-11")
@given(
    st.one_of(
        st.binary(max_size=12),
        st.text(ALPHABET + "+/= .\n", max_size=12).map(str.encode),
        st.text(ALPHABET, max_size=12).map(str.encode),
    )
)
@settings(deadline=None, max_examples=1000)
@example(b"AB")
@example(b"AA==")
@example(b"A")
@example(b"")
@example(b"AAAA\n")
@example(b"AA\x00\x00")
def test_a_text_is_read_only_if_it_is_the_spelling_of_its_value(text: bytes) -> None:
    """The model: bits of the alphabet strung together, whole bytes, nothing but zeros left over."""
    plain = text.decode("latin-1")
    bits = "".join(f"{ALPHABET_ORDER.find(c):06b}" if c in ALPHABET_ORDER else "x" for c in plain)
    left = len(bits) % 8
    legal = "x" not in bits and len(plain) % 4 != 1 and (not left or set(bits[-left:]) == {"0"})
    if legal:
        whole = bits[: len(bits) - left]
        assert base64url.decode(text) == bytes(
            int(whole[i : i + 8], 2) for i in range(0, len(whole), 8)
        )
    else:
        with pytest.raises(ValueError):  # noqa: PT011 - the reason differs with the fault
            base64url.decode(text)


ALPHABET_ORDER = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
