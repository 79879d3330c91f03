"""The corpus of forged, swapped and malformed tokens: none opens an API, none is an error of ours."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from moneyer.gateway.guard import Guard
from moneyer.gateway.refusals import CannotTell, Refused
from tests.bank import Bank
from tests.gateway.alone import Alone
from tests.gateway.calls import check
from tests.gateway.striking import b64, claims_of, header_of, unb64

pytestmark = pytest.mark.requirement("TM-JW", "GW-01")

ALGORITHMS = (
    *("none", "None", "nOnE", "", None, ["ES256"]),
    *("HS256", "RS256", "ES256K", "ES512", "EdDSA"),
)
KIDS: tuple[object, ...] = ("../../dev/null", "' OR 1=1 --", "\0", "x" * 10_000, [], None)
TYPES = ("JWT", "jwt", "AT+JWT", "application/at+jwt", "dpop+jwt", "")
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.fixture
def alone() -> Alone:
    return Alone()


@pytest.fixture
async def token(alone: Alone) -> str:
    """One that opens."""
    token = alone.strike()
    await check(alone.guard, token)
    return token


async def none_opens(guard: Guard, tokens: list[str]) -> None:
    opened = []
    for token in tokens:
        try:
            await check(guard, token)
        except CannotTell:
            opened.append(f"like a failure of ours: {token}")
        except Refused:
            continue
        else:
            opened.append(token)
    assert opened == []


def variants(name: str, values: tuple[object, ...]) -> list[dict[str, Any]]:
    """One claim, with each of several values."""
    return [{name: value} for value in values]


def with_header(token: str, header: bytes) -> str:
    return ".".join((b64(header), *token.split(".")[1:]))


async def test_algorithms_that_are_none(alone: Alone, token: str) -> None:
    """Under the real signature, and with none."""
    genuine = header_of(token)
    tokens = []
    for alg in (
        "none",
        "None",
        "nOnE",
        "",
        None,
        ["ES256"],
        "HS256",
        "RS256",
        "ES256K",
        "ES512",
        "EdDSA",
    ):
        header = json.dumps({**genuine, "alg": alg}).encode()
        swapped = with_header(token, header)
        tokens += [swapped, swapped.rpartition(".")[0] + ".", swapped.rpartition(".")[0]]
        tokens.append(alone.struck_raw(json.dumps(claims_of(token)).encode(), header))
    del genuine["alg"]
    tokens.append(with_header(token, json.dumps(genuine).encode()))
    await none_opens(alone.guard, tokens)


async def test_the_public_key_as_a_secret(alone: Alone, token: str) -> None:
    """HS256 keyed with the public key, in every form that somebody might take for the secret."""
    key = alone.keys["00016"]
    secrets = [*key.public_forms(), json.dumps({"keys": [key.published]}).encode(), b""]
    genuine = header_of(token)
    signed = f"{b64(json.dumps({**genuine, 'alg': 'HS256'}).encode())}.{token.split('.')[1]}"
    await none_opens(
        alone.guard,
        [f"{signed}.{b64(hmac.digest(secret, signed.encode(), 'sha256'))}" for secret in secrets],
    )


async def test_headers_that_bring_their_own_key(alone: Alone, token: str) -> None:
    """`jwk`, `jku`, `x5u`, `x5c`, `crit`, `b64`, a `kid` from anywhere: a header has one spelling."""
    genuine = header_of(token)
    foreign = alone.keys["00042"].thumbprint
    additions: list[dict[str, Any]] = [
        {"jwk": {"kty": "EC"}},
        {"jku": "https://evil.example/jwks"},
        {"x5u": "https://evil.example/x"},
        {"x5c": ["MIIB"]},
        {"crit": ["exp"]},
        {"crit": []},
        {"b64": False},
        {"cty": "JWT"},
        {"zip": "DEF"},
        *variants("kid", (*KIDS, foreign)),
    ]
    additions += [{"typ": typ} for typ in TYPES]
    payload = json.dumps(claims_of(token)).encode()
    await none_opens(
        alone.guard,
        [alone.struck_raw(payload, json.dumps({**genuine, **a}).encode()) for a in additions],
    )
    compact = json.dumps(genuine, separators=(",", ":"))
    spellings = [
        compact.replace(",", ", "),
        compact + " ",
        "\ufeff" + compact,
        compact[:-1] + ',"alg":"ES256"}',
    ]
    await none_opens(alone.guard, [alone.struck_raw(payload, text.encode()) for text in spellings])


async def test_the_shape_of_a_token(alone: Alone, token: str) -> None:
    head, body, signature = token.split(".")
    await none_opens(
        alone.guard,
        [
            f"{head}.{body}.",
            f"{head}.{body}",
            f"{head}..{signature}",
            f".{body}.{signature}",
            f"{token}.{signature}",
            f"{token}.",
            f".{token}",
            f"{head}.{body}.{signature}=",
            f"{head}.{body}.{signature}A",
            f"{head}.{body}.{signature[:-1]}",
            f"{head}.{body}.{signature[:-2]}{signature[-1]}{signature[-2]}",
            json.dumps({"protected": head, "payload": body, "signature": signature}).replace(" ", ""),
            "x" * 20_000,
            token.upper(),
            token.replace("-", "+").replace("_", "/") + "+",
            f"{head}.{base64.b64encode(unb64(body)).decode()}=.{signature}",
        ],
    )


async def test_signatures_by_numbers(alone: Alone, token: str) -> None:
    """r and s of nought, of the order and beyond; DER in the place of raw."""
    signed = token.rpartition(".")[0]
    real = unb64(token.rpartition(".")[2])
    r, s = real[:32], real[32:]
    forged = [bytes(64), r + bytes(32), bytes(32) + s, ORDER.to_bytes(32) * 2, b"\xff" * 64]
    forged += [r + ORDER.to_bytes(32), s + r, r, b"", real + b"\0", real[:-1] + bytes([real[-1] ^ 1])]
    der = b"\x30\x44\x02\x20" + r + b"\x02\x20" + s
    await none_opens(alone.guard, [f"{signed}.{b64(signature)}" for signature in (*forged, der)])


async def test_claims_of_the_wrong_kind(alone: Alone, token: str) -> None:
    """Each truly signed, so that nothing but the reading of it stands between."""
    issuer = claims_of(token)["iss"]
    apis = f"{issuer}/apis"
    changes: list[dict[str, Any]] = [
        *variants("aud", ([apis], [apis, "x"], 1, {}, f"{apis}/x", "")),
        *variants("exp", ("9999999999", 9999999999.5, -1, True, [], 2**70)),
        *variants("iat", ("1", -1, 1.5, 1_800_000_061)),
        *variants("institution_id", (16, "16", " 00016", "0001\uff16", "00016\0", "", [])),
        *variants("scope", (["accounts:read"], 1, "")),
        *variants("sub", (1, [])),
        *variants("cnf", ("x", [], {"jkt": 1}, {"x5t#S256": "x", "y": "z"})),
        {"iss": f"{issuer}/"},
        {"iss": [issuer]},
        {"client_id": 1},
    ]
    tokens = [alone.struck(token, **change) for change in changes]
    tokens += [
        alone.struck(token, **{name: None})
        for name in ("exp", "iat", "iss", "aud", "sub", "jti", "scope")
    ]
    await none_opens(alone.guard, tokens)


async def test_payloads_that_are_no_claims(alone: Alone, token: str) -> None:
    text = json.dumps(claims_of(token))
    payloads = [
        b"",
        b"null",
        b"[]",
        text.encode("utf-16"),
        b"\xef\xbb\xbf" + text.encode(),
        text.replace('"exp": ', '"exp": NaN, "x": ').encode(),
        text.replace('"exp": ', '"exp": 1e400, "x": ').encode(),
        text[:-1].encode() + b',"sub":"\\ud800"}',
        b"[" * 5_000 + b"]" * 5_000,
        text.encode() + b"x",
        text[:-1].encode(),
    ]
    await none_opens(alone.guard, [alone.struck_raw(payload) for payload in payloads])


async def test_tokens_of_other_kinds(bank: Bank, guard: Guard) -> None:
    """id_token, refresh token, code, secret, another institution's: genuine, and not for here."""
    answer = (
        await bank.exchange(await bank.code(requested_scopes="openid,profile,offline_access"))
    ).json()
    other = (await bank.sign_in("rival", "00042"))["access_token"]
    head, _, signature = answer["access_token"].split(".")
    moved = f"{head}.{other.split('.')[1]}.{signature}"
    await check(guard, answer["access_token"])
    await none_opens(
        guard,
        [answer["id_token"], answer["refresh_token"], bank.secrets["apis"], await bank.code(), moved],
    )


async def test_a_bulletin_is_no_access_token(bank: Bank, guard: Guard) -> None:
    """Signed by the same key, of the same institution, and of another type."""
    token = (await bank.sign_in())["access_token"]
    await check(guard, token)
    answer = await bank.http.get(
        "/oauth2/v1/revocations", headers={"Authorization": bank.basic("apis")}
    )
    bulletin = answer.json()["institutions"]["00016"]
    await none_opens(guard, [bulletin, with_header(bulletin, unb64(token.split(".")[0]))])


async def test_every_bit_of_a_token_counts(alone: Alone, token: str) -> None:
    """One bit flipped anywhere, and it opens nothing: the cache of signatures is no way around."""
    head, body, signature = token.split(".")
    tokens = []
    for part in range(3):
        raw = bytearray(unb64((head, body, signature)[part]))
        for place in range(0, len(raw), 7):
            flipped = bytearray(raw)
            flipped[place] ^= 1 << place % 8
            parts = [head, body, signature]
            parts[part] = b64(bytes(flipped))
            tokens.append(".".join(parts))
    await none_opens(alone.guard, tokens)
    await check(alone.guard, token)


def test_the_digest_is_the_real_one() -> None:
    """The corpus would prove nothing with a broken helper."""
    assert unb64(b64(hashlib.sha256(b"x").digest())) == hashlib.sha256(b"x").digest()
