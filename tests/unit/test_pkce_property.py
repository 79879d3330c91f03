"""Proof key for code exchange: S256, and nothing instead of it."""

import base64
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moneyer.protocol import pkce
from moneyer.protocol.failures import BadParameter, BadToken

UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
verifiers = st.text(UNRESERVED, min_size=43, max_size=128)


def challenge_of(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@given(verifiers)
@settings(deadline=None, max_examples=200)
def test_a_verifier_opens_its_own_challenge(verifier: str) -> None:
    challenge = pkce.check_challenge(challenge_of(verifier), "S256")
    pkce.verify(verifier, challenge)


def test_the_example_of_the_rfc_holds() -> None:
    """RFC 7636 appendix B."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    pkce.verify(verifier, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")


@given(verifiers, verifiers)
@settings(deadline=None, max_examples=200)
def test_another_verifier_opens_nothing(one: str, other: str) -> None:
    if one != other:
        with pytest.raises(BadToken):
            pkce.verify(other, challenge_of(one))


@pytest.mark.requirement("PK-01")
@pytest.mark.parametrize("length", [0, 1, 42, 129, 500])
def test_a_verifier_of_another_length_is_refused_even_where_its_digest_fits(length: int) -> None:
    verifier = "v" * length
    with pytest.raises(BadToken):
        pkce.verify(verifier, challenge_of(verifier))


@pytest.mark.requirement("PK-01")
@pytest.mark.parametrize("character", ["+", "/", "=", " ", "%", "é", "\n", "\x00"])
def test_a_verifier_with_another_character_is_refused(character: str) -> None:
    verifier = "v" * 50 + character
    with pytest.raises(BadToken):
        pkce.verify(verifier, challenge_of(verifier))


def test_one_without_the_other_is_a_downgrade() -> None:
    pkce.verify(None, None)
    with pytest.raises(BadToken):
        pkce.verify("v" * 43, None)
    with pytest.raises(BadToken):
        pkce.verify(None, challenge_of("v" * 43))


def test_the_challenge_itself_is_no_verifier() -> None:
    challenge = challenge_of("v" * 43)
    with pytest.raises(BadToken):
        pkce.verify(challenge, challenge)


GOOD = challenge_of("v" * 43)


@pytest.mark.requirement("PK-01")
@pytest.mark.parametrize(
    ("challenge", "method"),
    [
        (GOOD, "plain"),
        (GOOD, None),
        (None, "S256"),
        (None, "plain"),
        (GOOD, "s256"),
        (GOOD, "S256 "),
        (GOOD, ""),
        (GOOD + "=", "S256"),
        (GOOD[:-1], "S256"),
        (GOOD + "A", "S256"),
        (GOOD[:-1] + "+", "S256"),
        ("", "S256"),
        (GOOD + "\n", "S256"),
    ],
)
def test_only_a_digest_with_its_method_is_a_challenge(
    challenge: str | None, method: str | None
) -> None:
    with pytest.raises(BadParameter):
        pkce.check_challenge(challenge, method)


def test_no_challenge_at_all_is_allowed() -> None:
    assert pkce.check_challenge(None, None) is None
