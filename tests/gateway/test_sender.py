"""Tokens that one caller alone may present: every negative of RFC 9449 section 4.3, and RFC 8705."""

import hashlib
import json
from typing import Any

import pytest

from moneyer.gateway import sender
from moneyer.gateway.call import ApiCall
from moneyer.gateway.guard import Guard
from moneyer.gateway.refusals import CannotTell, ProofInvalid, Refused
from moneyer.gateway.sender import MOST_PROOFS, MOST_PROOFS_OF_ONE, SenderProof
from moneyer.protocol.clock import SECOND
from tests.gateway.alone import NOW, Alone
from tests.gateway.calls import READ_ACCOUNTS
from tests.gateway.striking import CallersKey, ath, b64

URL = "https://api.bank.test/v1/accounts"


class Bound:
    """A token bound to a key, and calls with it."""

    def __init__(self, guard: Guard, key: CallersKey, token: str) -> None:
        self.guard = guard
        self.key = key
        self.token = token

    def claims(self, **changes: Any) -> dict[str, Any]:
        return {
            "jti": "one",
            "htm": "GET",
            "htu": URL,
            "iat": NOW,
            "ath": ath(self.token),
            **changes,
        }

    async def call(self, *proofs: str, scheme: str = "DPoP", url: str = URL) -> None:
        headers = [(b"authorization", f"{scheme} {self.token}".encode())]
        headers += [(b"dpop", proof.encode()) for proof in proofs]
        call = ApiCall("GET", "/v1/accounts", b"", headers, url=url)
        await self.guard.check(call, READ_ACCOUNTS)

    async def refused(self, *proofs: str, **how: str) -> str:
        with pytest.raises(Refused) as caught:
            await self.call(*proofs, **how)
        return caught.value.reason


@pytest.fixture
def alone() -> Alone:
    return Alone()


@pytest.fixture
def guard(alone: Alone) -> Guard:
    return alone.guard


@pytest.fixture
def bound(alone: Alone) -> Bound:
    key = CallersKey()
    return Bound(alone.guard, key, alone.strike(cnf={"jkt": key.thumbprint}))


@pytest.mark.requirement("DP-01", "DP-02", "DP-03")
async def test_a_proof_opens_once(bound: Bound) -> None:
    await bound.call(bound.key.proof(bound.claims()))
    assert await bound.refused(bound.key.proof(bound.claims())) == "proof-replayed"
    await bound.call(bound.key.proof(bound.claims(jti="two")))


@pytest.mark.requirement("DP-01")
async def test_no_proof_and_two(bound: Bound) -> None:
    assert await bound.refused() == "proof-missing"
    one, two = (bound.key.proof(bound.claims(jti=name)) for name in "ab")
    assert await bound.refused(one, two) == "proof-missing"
    assert await bound.refused("x" * 5000) == "proof-missing"


@pytest.mark.requirement("DP-08")
async def test_a_bound_token_is_no_bearer_token_nor_the_reverse(alone: Alone, bound: Bound) -> None:
    proof = bound.key.proof(bound.claims())
    assert await bound.refused(proof, scheme="Bearer") == "other-scheme-than-bound"
    assert (
        await Bound(alone.guard, bound.key, alone.strike()).refused(proof) == "other-scheme-than-bound"
    )


@pytest.mark.requirement("DP-01")
@pytest.mark.parametrize(
    "header",
    [
        {"typ": "jwt"},
        {"typ": "DPOP+JWT"},
        {"typ": None},
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "RS256"},
        {"alg": None},
        {"jwk": None},
        {"jwk": "x"},
        {"jwk": {}},
        {"crit": ["b64"]},
        {"crit": []},
    ],
)
async def test_a_proof_of_another_kind(bound: Bound, header: dict[str, Any]) -> None:
    reason = await bound.refused(bound.key.proof(bound.claims(), **header))
    assert reason in {"proof-of-another-kind", "proof-wrong"}


@pytest.mark.requirement("DP-01")
@pytest.mark.parametrize(
    "change",
    [
        {"d": "private"},
        {"crv": "P-384"},
        {"kty": "OKP"},
        {"x": "AAAA"},
        {"y": "AAAA"},
        {"x": "é"},
        {"x": ""},
        {"x": "=" * 43},
    ],
)
async def test_a_key_that_is_private_or_none(bound: Bound, change: dict[str, str]) -> None:
    """A proof that carries a private key is refused, right as it may be (section 4.3, step 7)."""
    if "d" in change:
        change = {"d": bound.key.private_number()}
    reason = await bound.refused(bound.key.proof(bound.claims(), jwk={**bound.key.jwk, **change}))
    assert reason in {"proof-of-another-kind", "proof-wrong"}


async def test_what_a_browser_exports_with_a_key_does_no_harm(bound: Bound) -> None:
    jwk = {**bound.key.jwk, "ext": True, "key_ops": ["verify"]}
    await bound.call(bound.key.proof(bound.claims(), jwk=jwk))


@pytest.mark.requirement("DP-01")
async def test_a_proof_by_another_key(bound: Bound) -> None:
    other = CallersKey()
    assert await bound.refused(other.proof(bound.claims())) == "proof-by-another-key"
    forged = other.proof(bound.claims(), jwk=bound.key.jwk)
    assert await bound.refused(forged) == "proof-wrong"


@pytest.mark.requirement("DP-02", "DP-03")
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"htm": "POST"}, "proof-for-another-call"),
        ({"htm": "get"}, "proof-for-another-call"),
        ({"htu": "https://evil.example/v1/accounts"}, "proof-for-another-call"),
        ({"htu": "http://api.bank.test/v1/accounts"}, "proof-for-another-call"),
        ({"htu": "https://api.bank.test:8443/v1/accounts"}, "proof-for-another-call"),
        ({"htu": "https://api.bank.test/v1/accounts/"}, "proof-for-another-call"),
        ({"htu": "https://api.bank.test/V1/accounts"}, "proof-for-another-call"),
        ({"htu": "https://api.bank.test:x/v1/accounts"}, "proof-for-another-call"),
        ({"htu": "https://[/v1/accounts"}, "proof-for-another-call"),
        ({"htu": ""}, "proof-for-another-call"),
        ({"iat": NOW - 61}, "proof-too-old"),
        ({"iat": NOW + 11}, "proof-too-old"),
        ({"ath": "x"}, "proof-for-another-token"),
        ({"ath": "é"}, "proof-for-another-token"),
        ({"ath": None}, "proof-for-another-token"),
        ({"jti": None}, "proof-wrong"),
        ({"iat": None}, "proof-wrong"),
        ({"iat": "now"}, "proof-wrong"),
        ({"iat": True}, "proof-wrong"),
        ({"htm": 1}, "proof-wrong"),
    ],
)
async def test_a_proof_for_something_else(bound: Bound, changes: dict[str, Any], reason: str) -> None:
    assert await bound.refused(bound.key.proof(bound.claims(**changes))) == reason


@pytest.mark.requirement("DP-02")
@pytest.mark.parametrize(
    "htu", ["HTTPS://API.bank.test/v1/accounts", "https://api.bank.test:443/v1/accounts", f"{URL}?a#b"]
)
async def test_one_url_has_several_spellings(bound: Bound, htu: str) -> None:
    """RFC 9449 section 4.3: compared without query and fragment, after normalization."""
    await bound.call(bound.key.proof(bound.claims(htu=htu)))


async def test_without_an_own_address_no_proof_can_be_judged(bound: Bound) -> None:
    """What the caller's Host says is no address of ours: a proof made for another would pass."""
    assert await bound.refused(bound.key.proof(bound.claims()), url="") == "proof-for-another-call"


@pytest.mark.parametrize("proof", ["", "a.b", "a.b.c", "a.b.c.d", "....", "\u00e9", "e30.e30.e30"])
async def test_no_proof_at_all(bound: Bound, proof: str) -> None:
    assert await bound.refused(proof) in {"proof-wrong", "proof-missing"}


def test_a_flood_of_proofs_is_bounded_and_forgotten() -> None:
    """So many in a minute by one key, and so many by all, then `try again`; a minute later there is
    room. What one key fills is its own."""
    proofs = SenderProof()
    for number in range(MOST_PROOFS_OF_ONE):
        proofs._use("key", str(number), 0)
    with pytest.raises(CannotTell):
        proofs._use("key", "more", 0)
    for number in range(MOST_PROOFS - MOST_PROOFS_OF_ONE):
        proofs._use(f"key-{number % 50}", str(number), 0)
    with pytest.raises(CannotTell):
        proofs._use("another", "more", 0)
    with pytest.raises(ProofInvalid):
        proofs._use("key", "0", 70_000_000)
    proofs._use("key", "more", 72_000_000)
    assert len(proofs._used) == len(proofs._order) == 1


@pytest.mark.requirement("MT-03")
async def test_a_certificate_opens_what_is_bound_to_it(alone: Alone, guard: Guard) -> None:
    certificate = b"any bytes: compared, never read"
    thumbprint = b64(hashlib.sha256(certificate).digest())
    token = alone.strike(cnf={"x5t#S256": thumbprint})
    headers = [(b"authorization", f"Bearer {token}".encode())]

    async def call(shown: bytes | None) -> None:
        await guard.check(ApiCall("GET", "/v1/accounts", b"", headers, shown), READ_ACCOUNTS)

    await call(certificate)
    for other in (None, b"", b"another"):
        with pytest.raises(Refused, match="other-certificate"):
            await call(other)


async def test_bound_to_both_needs_both(alone: Alone, guard: Guard) -> None:
    key, certificate = CallersKey(), b"certificate"
    thumbprint = b64(hashlib.sha256(certificate).digest())
    both = {"x5t#S256": thumbprint, "jkt": key.thumbprint}
    token = alone.strike(cnf=both)
    proof = key.proof({"jti": "1", "htm": "GET", "htu": URL, "iat": NOW, "ath": ath(token)})
    headers = [(b"authorization", f"DPoP {token}".encode()), (b"dpop", proof.encode())]
    with pytest.raises(Refused, match="other-certificate"):
        await guard.check(ApiCall("GET", "/v1/accounts", b"", headers, url=URL), READ_ACCOUNTS)
    call = ApiCall("GET", "/v1/accounts", b"", headers, certificate, URL)
    await guard.check(call, READ_ACCOUNTS)


def test_the_keys_name_is_that_of_rfc_7638() -> None:
    """The thumbprint that tests compute is over the members in order, without blanks."""
    key = CallersKey()
    members = json.dumps(key.jwk, sort_keys=True).replace(" ", "")
    assert key.thumbprint == b64(hashlib.sha256(members.encode()).digest())


@pytest.mark.requirement("DP-03")
def test_a_clock_that_was_set_back_fills_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """One proof of the wrong hour does not keep all that come after it."""
    monkeypatch.setattr(sender, "MOST_PROOFS", 200)
    proofs, now = SenderProof(), NOW * SECOND
    proofs._use("key", "first", now + 3600 * SECOND)
    for n in range(1000):
        proofs._use("key", f"{n}", now + n * SECOND)
    with pytest.raises(ProofInvalid, match="proof-replayed"):
        proofs._use("key", "999", now + 1000 * SECOND)


@pytest.mark.requirement("DP-03")
@pytest.mark.parametrize("back", [1, SECOND, 3600 * SECOND])
def test_a_clock_that_was_set_back_lets_no_proof_in_twice(back: int) -> None:
    proofs, now = SenderProof(), NOW * SECOND
    proofs._use("key", "one", now)
    for later in (now - back, now - back, now):
        with pytest.raises(ProofInvalid, match="proof-replayed"):
            proofs._use("key", "one", later)
