"""Second factors, pure: one-time codes, recovery codes, passkeys, and what they amount to."""

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moneyer.customers.factors import passkeys, recovery, totp
from moneyer.customers.factors.passkeys import Passkey
from moneyer.customers.factors.policy import ACR_MFA, ACR_PASSWORD, ACR_PHR, acr_of, amr_with, satisfies
from moneyer.keys.sealing import seal, unseal_bytes
from moneyer.protocol.clock import SECOND
from moneyer.protocol.failures import BadCustomer

SECRET = b"12345678901234567890"
VECTORS = [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]
KEY = bytes(32)


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_codes_are_those_of_rfc_6238(seconds: int, code: str) -> None:
    """Appendix B, the last six of its eight digits."""
    assert totp.accepted_step(SECRET, code, seconds * SECOND, -1) == seconds // 30


@pytest.mark.requirement("NI-07")
@given(now=st.integers(10**9, 4 * 10**9), drift=st.integers(-3, 3), last=st.integers(-3, 3))
def test_a_code_is_good_within_a_step_and_never_after_one_as_late(
    now: int, drift: int, last: int
) -> None:
    present = now // 30
    code = pyotp.TOTP(totp.secret_text(SECRET).replace(" ", "")).generate_otp(present + drift)
    step = totp.accepted_step(SECRET, code, now * SECOND, present + last)
    if step is not None:
        assert abs(step - present) <= 1
        assert step > present + last
    elif abs(drift) <= 1:
        assert drift <= last


@pytest.mark.parametrize("code", ["", "28708", "2870822", "٢٨٧٠٨٢", "28708a", "-28708", "287082\n"])
def test_anything_but_six_digits_is_no_code(code: str) -> None:
    assert totp.accepted_step(SECRET, code, 59 * SECOND, -1) is None


def test_recovery_codes_are_ten_and_each_good_once() -> None:
    """However a person writes them, and for their own customer alone."""
    codes = recovery.new_codes()
    assert len(set(codes)) == 10
    kept = tuple(recovery.digest(KEY, "ada", code) for code in codes)
    sloppy = codes[3].lower().replace("-", " ").replace("0", "o").replace("1", "l")
    rest = recovery.spend(kept, recovery.digest(KEY, "ada", sloppy))
    assert rest == kept[:3] + kept[4:]
    assert recovery.spend(rest, recovery.digest(KEY, "ada", codes[3])) is None
    assert recovery.spend(kept, recovery.digest(KEY, "ben", codes[3])) is None


@given(plain=st.binary(max_size=60), place=st.integers(0, 200), other=st.binary(min_size=1, max_size=9))
def test_what_is_sealed_opens_in_its_own_row_alone(plain: bytes, place: int, other: bytes) -> None:
    sealed = seal(KEY, plain, b"row")
    assert unseal_bytes(KEY, sealed, b"row") == plain
    broken = bytearray(sealed)
    broken[place % len(sealed)] ^= 1
    for key, text, row in (
        (KEY, sealed, b"row" + other),
        (bytes(31) + b"x", sealed, b"row"),
        (KEY, bytes(broken), b"row"),
    ):
        with pytest.raises(ValueError, match="sealed"):
            unseal_bytes(key, text, row)


@given(response=st.one_of(st.text(max_size=80), st.recursive(
    st.none() | st.integers() | st.text(max_size=8),
    lambda inner: st.dictionaries(
        st.sampled_from(["id", "rawId", "type", "response", "clientDataJSON", "userHandle", "x"]), inner
    ),
).map(repr)))  # fmt: skip
def test_junk_is_no_passkey(response: str) -> None:
    passkey = Passkey(b"id", b"key", 0)
    for call in (
        lambda: passkeys.credential_id_of(response),
        lambda: passkeys.verify_registration(response, b"c", "bank.test", "https://bank.test"),
        lambda: passkeys.verify_authentication(
            response, b"c", "bank.test", "https://bank.test", passkey
        ),
    ):
        with pytest.raises(BadCustomer):
            call()


def test_what_the_methods_amount_to() -> None:
    assert acr_of(("pwd",)) == ACR_PASSWORD
    assert acr_of(amr_with(("pwd",), "totp")) == ACR_MFA
    assert acr_of(amr_with(("pwd",), "recovery")) == ACR_MFA
    assert acr_of(amr_with((), "passkey")) == ACR_PHR
    assert amr_with(("pwd", "otp", "mfa"), "totp") == ("pwd", "otp", "mfa")
    order = (ACR_PASSWORD, ACR_MFA, ACR_PHR)
    for place, reached in enumerate(order):
        assert [satisfies(reached, (wanted,)) for wanted in order] == [n <= place for n in range(3)]
        assert satisfies(reached, ())
        assert not satisfies(reached, ("urn:other",))
