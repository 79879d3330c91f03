"""Forged, altered and foreign access tokens at the bearer check: none is accepted."""

import base64
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwe, jws
from joserfc.jwk import ECKey, OctKey

from moneyer.keys.ring import Ring
from tests.bank import BASE, Bank, TestClock

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Forger:
    """Knows a genuine token and, where a test asks what a signature alone is worth, the true key."""

    def __init__(self, bank: Bank, genuine: str) -> None:
        self.bank = bank
        self.genuine = genuine
        self.header: dict[str, Any] = json.loads(unb64(genuine.split(".", maxsplit=1)[0]))
        self.claims: dict[str, Any] = json.loads(unb64(genuine.split(".")[1]))
        ring = Ring(bank.admin.institutions.keys("00016"), bank.keys.sealing)
        key = ring.signing(bank.clock.now())
        assert key is not None
        self.key = key

    def signed(self, header: dict[str, Any] | None = None, claims: Any = None) -> str:
        """Any header and claims, truly signed with the institution's own key."""
        raw_claims = claims if isinstance(claims, bytes) else json.dumps(claims or self.claims).encode()
        parts = f"{b64(json.dumps(header or self.header).encode())}.{b64(raw_claims)}"
        return f"{parts}.{b64(self.key.sign(parts.encode()))}"

    def with_claims(self, **claims: Any) -> str:
        """The genuine header, as bytes, over other claims: only the claims can give it away."""
        payload = json.dumps({**self.claims, **claims}).encode()
        parts = f"{self.genuine.split('.')[0]}.{b64(payload)}"
        return f"{parts}.{b64(self.key.sign(parts.encode()))}"

    def with_signature(self, change: Callable[[bytes], bytes]) -> str:
        head, payload, signature = self.genuine.split(".")
        return f"{head}.{payload}.{b64(change(unb64(signature)))}"


@pytest.fixture
async def forger(bank: Bank) -> Forger:
    return Forger(bank, await bank.page_token())


async def refused(bank: Bank, token: str) -> bool:
    """Whether the bearer check refuses `token`."""
    answer = await bank.http.post(
        "/v1/client-authorization",
        data={"client_id": "web"},
        headers={"Authorization": f"Bearer {token}", "institutionId": "00016"},
    )
    assert answer.status_code in (200, 400), answer.text
    return bool(answer.status_code == 400 and answer.json()["code"] == "CMN_90018")


async def test_the_genuine_one_is_accepted(bank: Bank, forger: Forger) -> None:
    """Else the rest would prove nothing; and one that the forger signed like it as well."""
    assert not await refused(bank, forger.genuine)
    assert not await refused(bank, forger.with_claims(jti="another"))


@pytest.mark.requirement("JW-01", "JW-02", "JW-03", "JW-04", "JW-05", "JW-07")
@pytest.mark.parametrize(
    "change",
    [
        *(
            {"alg": alg}
            for alg in ("none", "None", "nOnE", "", None, "HS256", "RS256", "ES512", ["ES256"])
        ),
        *({"crit": crit} for crit in ([], ["x"], "x", ["exp"])),
        {"jwk": {"kty": "oct", "k": "AAAA"}},
        {"jku": "https://evil.example/jwks"},
        {"x5u": "https://evil.example/cert"},
        {"x5c": ["AAAA"]},
        *({"kid": kid} for kid in ("../../dev/null", "' OR 1=1 --", "x" * 5000, None, ["a"], "\x00")),
        *({"typ": typ} for typ in ("JWT", "logout+jwt", "dpop+jwt", "client-authentication+jwt", None)),
        {"b64": False},
        {"cty": "JWT"},
        {"zip": "DEF"},
    ],
    ids=str,
)
async def test_a_header_that_is_not_written_here_is_refused(
    bank: Bank, forger: Forger, change: dict[str, Any]
) -> None:
    """Even under a true signature: a header is compared as bytes."""
    assert await refused(bank, forger.signed({**forger.header, **change}))


@pytest.mark.requirement("JW-01", "JW-04")
async def test_keys_that_are_not_the_issuers_are_refused(bank: Bank, forger: Forger) -> None:
    """The public key as a secret, a key of the forger's own, another institution's key."""
    keys = (await bank.http.get("/i/00016/oauth2/jwks")).json()["keys"]
    public = ECKey.import_key(keys[0])
    payload = json.dumps(forger.claims)
    for secret in (public.as_pem(private=False), json.dumps(keys[0]).encode()):
        header = json.dumps({**forger.header, "alg": "HS256"}).encode()
        parts = f"{b64(header)}.{b64(payload.encode())}"
        mac = hmac.digest(secret, parts.encode(), "sha256")
        assert await refused(bank, f"{parts}.{b64(mac)}")
    own = ECKey.generate_key("P-256")
    assert await refused(bank, jws.serialize_compact(forger.header, payload, own))
    assert await refused(bank, await bank.page_token("00042"))


@pytest.mark.requirement("JW-06", "JW-10")
async def test_payloads_that_are_not_written_here_are_refused(bank: Bank, forger: Forger) -> None:
    """Names twice in the header, other encodings, bombs: the header or the signature tells."""
    double = forger.genuine.split(".")
    header = unb64(double[0])
    for raw in (
        header[:-1] + b',"alg":"none"}',
        b"\xef\xbb\xbf" + header,
        header.decode().encode("utf-16"),
        b"[" * 500,
        b'{"a":' * 500,
        b"{}",
    ):
        parts = f"{b64(raw)}.{double[1]}"
        assert await refused(bank, f"{parts}.{b64(forger.key.sign(parts.encode()))}")
    assert await refused(bank, f"{double[0]}.{'a' * 9000}.{double[2]}")


@pytest.mark.requirement("JW-08", "JW-09", "BE-06")
@pytest.mark.parametrize(
    "claims",
    [
        *({"exp": exp} for exp in ("9999999999", -1, 0, None, True, [1], 1.5e400, 2**70)),
        *({"iat": ahead} for ahead in (1_800_000_011, 1_800_000_061, "now", None)),
        *(
            {"aud": aud}
            for aud in (f"{BASE}/i/00016", f"{BASE}/i/00016/apis/", [f"{BASE}/i/00016/apis"], 1)
        ),
        *({"iss": iss} for iss in (f"{BASE}/i/00042", f"{BASE}/i/00016/", "", None)),
        {"institution_id": "00042"},
        {"client_id": "no-such-application"},
        {"sub": None},
    ],
    ids=str,
)
async def test_claims_that_do_not_hold_are_refused(
    bank: Bank, forger: Forger, claims: dict[str, Any]
) -> None:
    """Under a true header and signature, the claims are judged one by one."""
    assert await refused(bank, forger.with_claims(**claims))


@pytest.mark.requirement("JW-09")
async def test_ten_seconds_ahead_pass_and_expiry_is_exact(
    bank: Bank, forger: Forger, clock: TestClock
) -> None:
    """A clock may be ahead by ten seconds; at `exp` a token is over."""
    assert not await refused(bank, forger.with_claims(iat=1_800_000_010))
    clock.advance(1799)
    assert not await refused(bank, forger.genuine)
    clock.advance(1)
    assert await refused(bank, forger.genuine)


@pytest.mark.requirement("JW-11", "JW-12")
async def test_signatures_and_forms_that_are_not_ours_are_refused(bank: Bank, forger: Forger) -> None:
    """Empty, cut, DER, out of range; two, four or five parts; padding; other alphabets."""
    zero, order = bytes(32), ORDER.to_bytes(32)
    der = ec.generate_private_key(ec.SECP256R1()).sign(b"x", ec.ECDSA(hashes.SHA256()))
    for change in (
        lambda s: b"",
        lambda s: s[:-1],
        lambda s: s + b"\x00",
        lambda s: zero + zero,
        lambda s: zero + s[32:],
        lambda s: s[:32] + zero,
        lambda s: order + s[32:],
        lambda s: s[:32] + order,
        lambda s: der,
    ):
        assert await refused(bank, forger.with_signature(change))
    head, payload, signature = forger.genuine.split(".")
    encrypted = jwe.encrypt_compact({"alg": "dir", "enc": "A256GCM"}, b"x", OctKey.generate_key(256))
    for form in (
        f"{head}.{payload}",
        f"{head}.{payload}.",
        f"{forger.genuine}.x",
        f"{forger.genuine}=",
        f"{head}.{payload}.{signature[:-1]}+",
        encrypted,
        "",
        ".",
        "..",
    ):
        assert await refused(bank, form)


@pytest.mark.requirement("JW-02", "JW-11")
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
async def test_no_change_of_one_character_is_accepted(bank: Bank, data: st.DataObject) -> None:
    """Anywhere in the token, to any other character of its alphabet."""
    genuine = await bank.page_token()
    place = data.draw(st.integers(0, len(genuine) - 1))
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
    other = data.draw(st.sampled_from([c for c in alphabet if c != genuine[place]]))
    assert await refused(bank, genuine[:place] + other + genuine[place + 1 :])


@pytest.mark.requirement("BE-01", "BE-02")
async def test_the_token_is_read_from_the_authorization_header_alone(
    bank: Bank, forger: Forger
) -> None:
    """The scheme in any case; not from the query, not from the form; not twice."""
    form = {"client_id": "web"}
    url, where = "/v1/client-authorization", {"institutionId": "00016"}
    for scheme in ("Bearer", "bearer", "BEARER"):
        headers = {**where, "Authorization": f"{scheme} {forger.genuine}"}
        assert (await bank.http.post(url, data=form, headers=headers)).status_code == 200
    in_form = {**form, "access_token": forger.genuine}
    assert (await bank.http.post(url, data=in_form, headers=where)).status_code == 400
    in_query = f"{url}?access_token={forger.genuine}"
    assert (await bank.http.post(in_query, data=form, headers=where)).status_code == 400
    twice = [("institutionId", "00016"), *[("Authorization", f"Bearer {forger.genuine}")] * 2]
    answer = await bank.http.post(url, data=form, headers=twice)
    assert answer.json()["code"] == "CMN_90010"


@pytest.mark.requirement("CC-01", "CC-03")
async def test_client_credentials_need_a_secret_and_name_no_customer(bank: Bank) -> None:
    """A client id alone gets nothing; the subject is in a namespace that no customer is in."""
    for authorization in (None, bank.basic("machine", "")):
        headers = {"Authorization": authorization} if authorization else {}
        answer = await bank.raw(
            "grant_type=client_credentials&client_id=machine", headers, authorize=False
        )
        assert answer.json()["code"] == "CMN_90004"
    token = (await bank.token("machine", grant_type="client_credentials")).json()["access_token"]
    assert json.loads(unb64(token.split(".")[1]))["sub"] == "client:machine"
