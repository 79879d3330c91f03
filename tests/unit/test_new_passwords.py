"""What may become a password (NIST SP 800-63B-4 section 3.1.1), and how it rests."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moneyer.customers.passwords import PasswordHasher, check_new_password
from moneyer.protocol.failures import BadCustomer

PLAIN = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Mn"])


@pytest.mark.requirement("NI-01")
@pytest.mark.parametrize("length", [15, 16, 64, 128, 500])
def test_fifteen_characters_are_enough_and_hundreds_are_not_too_many(length: int) -> None:
    password = "añ水🌊"[: length % 4] + "correct horse " * 40
    assert check_new_password(password[:length], "ada") == password[:length]


@pytest.mark.requirement("NI-01")
@pytest.mark.parametrize("password", ["short", "fourteen chars", "🌊🌊é水ab🌊🌊é水ab水a"])
def test_fewer_are_refused_counted_as_people_count(password: str) -> None:
    """Characters, not bytes: the last one has 14 of them in 40 bytes."""
    with pytest.raises(ValueError, match="at least 15 characters"):
        check_new_password(password, "ada")


@pytest.mark.requirement("NI-01")
def test_no_character_is_cut_off() -> None:
    """Two passwords that differ in the last of 250 four-byte characters are two passwords."""
    hasher = PasswordHasher(b"p" * 32, memory_kib=12288, passes=1)
    stored = hasher.hash("🌊" * 249 + "a")
    assert hasher.verify(stored, "🌊" * 249 + "a") is None
    with pytest.raises(BadCustomer):
        hasher.verify(stored, "🌊" * 249 + "b")


@pytest.mark.requirement("NI-02")
@pytest.mark.parametrize(
    "password",
    [
        "onlysmallletters",
        "ONLYCAPITALLETTERS",
        "6029417385210946",
        "     spaces      are fine ",
        "!$%&/()=?^+*#'-_",
    ],
)
def test_no_kind_of_character_is_demanded(password: str) -> None:
    assert check_new_password(password, "ada") == password


@pytest.mark.requirement("NI-02")
@given(st.text(PLAIN, min_size=15, max_size=64))
def test_whatever_is_refused_is_refused_for_being_guessed_and_nothing_else(password: str) -> None:
    few = len(unicodedata.normalize("NFC", password)) < 15
    guessed = len(set(password.casefold())) < 4
    if few or guessed:
        with pytest.raises(ValueError, match=r"at least 15|first that are tried"):
            check_new_password(password, "ada")
    else:
        assert check_new_password(password, "a login that is not in it")


@pytest.mark.requirement("NI-03")
@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("passwordpassword", "first that are tried"),
        ("PassWordPassWord", "first that are tried"),
        ("ChangeMeChangeMe", "first that are tried"),
        ("abababababababab", "first that are tried"),
        ("1234567890123456", "first that are tried"),
        ("ada.marsh-2026-2026", "login id"),
        ("Ada.Marsh1234567890", "login id"),
    ],
)
def test_what_is_tried_first_is_refused_with_the_reason(password: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        check_new_password(password, "ada.marsh")


@pytest.mark.requirement("NI-05")
def test_the_same_password_rests_under_its_own_salt_each_time() -> None:
    hasher = PasswordHasher(b"p" * 32)
    one, other = hasher.hash("correct horse battery"), hasher.hash("correct horse battery")
    assert one != other
    assert one.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    salt = one.split("$")[4]
    assert len(salt) * 6 >= 128
