"""Metadata and key sets: what anyone may read."""

import base64

import msgspec
import pytest

from moneyer.settings import Server
from tests.bank import Bank

PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
BASES = [
    "https://bank.test",
    "https://bank.test/digitalbanking",
    "https://bank.test/digitalbanking/stage",
]


def urls(base: str, institution_id: str) -> list[str]:
    """The three addresses of an issuer's metadata (RFC 8414 section 3.1, Discovery section 4)."""
    host, path = base[: len("https://bank.test")], base[len("https://bank.test") :]
    return [
        f"{base}/i/{institution_id}/.well-known/openid-configuration",
        f"{base}/i/{institution_id}/.well-known/oauth-authorization-server",
        f"{host}/.well-known/oauth-authorization-server{path}/i/{institution_id}",
    ]


@pytest.mark.requirement("TE-20", "PK-06")
@pytest.mark.parametrize("base", BASES)
async def test_all_three_addresses_give_the_same_metadata_of_the_issuer_asked(
    closed_bank: Bank, base: str
) -> None:
    """Each address it names works, under the base path and nowhere else; none has a fragment."""
    async with closed_bank.open(server=Server(base_url=base)) as bank:
        found = [await bank.http.get(url) for url in urls(base, "00042")]
        assert [answer.status_code for answer in found] == [200, 200, 200]
        assert len({answer.content for answer in found}) == 1
        document = found[0].json()
        assert document["issuer"] == f"{base}/i/00042"
        addresses = [value for value in document.values() if str(value).startswith("https:")]
        assert all(address.startswith(base) and "#" not in address for address in addresses)
        assert len((await bank.http.get(document["jwks_uri"])).json()["keys"]) == 2
        answer = await bank.http.post(
            document["token_endpoint"],
            data={"grant_type": "client_credentials"},
            headers={"Authorization": bank.basic("machine")},
        )
        assert answer.status_code == 200
        revoked = await bank.http.post(
            document["revocation_endpoint"],
            data={"token": answer.json()["access_token"]},
            headers={"Authorization": bank.basic("machine")},
        )
        assert revoked.status_code == 200
        assert (await bank.http.get(base + "/health/live")).status_code == 200
        if base != BASES[0]:
            elsewhere = await bank.http.post(f"{BASES[0]}/oauth2/v1/token")
            assert elsewhere.status_code == 404


async def test_metadata_tells_what_works_and_nothing_else(bank: Bank) -> None:
    document = (await bank.http.get("/i/00016/.well-known/openid-configuration")).json()
    oauth2 = "https://bank.test/i/00016/oauth2"
    addresses = {name: value for name, value in document.items() if oauth2 in str(value)}
    assert addresses == {
        "authorization_endpoint": f"{oauth2}/authorize",
        "token_endpoint": f"{oauth2}/token",
        "pushed_authorization_request_endpoint": f"{oauth2}/par",
        "introspection_endpoint": f"{oauth2}/introspect",
        "revocation_endpoint": f"{oauth2}/revoke",
        "userinfo_endpoint": f"{oauth2}/userinfo",
        "end_session_endpoint": f"{oauth2}/logout",
        "jwks_uri": f"{oauth2}/jwks",
    }
    assert document["grant_types_supported"] == [
        "client_credentials",
        "authorization_code",
        "refresh_token",
    ]
    assert document["response_types_supported"] == ["code"]
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["scopes_supported"] == [
        "accounts:read",
        "offline_access",
        "openid",
        "profile",
        "transactions:read",
        "transfers:write",
    ]
    methods = document["token_endpoint_auth_methods_supported"]
    assert methods == ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
    assert "none" not in document["introspection_endpoint_auth_methods_supported"]
    assert document["authorization_response_iss_parameter_supported"] is True


async def test_metadata_follows_the_institutions_policy(bank: Bank) -> None:
    institution = bank.admin.institutions.get("00016")
    policy = msgspec.structs.replace(
        institution.policy, grants=("client_credentials",), algorithm="Ed25519"
    )
    bank.admin.institutions.save(msgspec.structs.replace(institution, policy=policy))
    await bank.refresh()
    document = (await bank.http.get("/i/00016/.well-known/openid-configuration")).json()
    assert document["grant_types_supported"] == ["client_credentials"]
    assert document["id_token_signing_alg_values_supported"] == ["Ed25519"]


@pytest.mark.requirement("JW-02", "JW-13")
@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "Ed25519"])
async def test_a_key_set_holds_public_members_only(closed_bank: Bank, algorithm: str) -> None:
    """Two keys, the one that signs and a spare; each with kid, use and its one algorithm."""
    institution = closed_bank.admin.institutions.get("00016")
    policy = msgspec.structs.replace(institution.policy, algorithm=algorithm)
    closed_bank.admin.institutions.save(msgspec.structs.replace(institution, policy=policy))
    async with closed_bank.open() as bank:
        answer = await bank.http.get("/i/00016/oauth2/jwks")
        assert answer.headers["content-type"] == "application/jwk-set+json"
        assert answer.headers["cache-control"] == "public, max-age=900"
        assert answer.headers["x-content-type-options"] == "nosniff"
        keys = answer.json()["keys"]
        assert len({key["kid"] for key in keys}) == 2
        members = {
            "ES256": {"kty", "crv", "x", "y"},
            "RS256": {"kty", "n", "e"},
            "Ed25519": {"kty", "crv", "x"},
        }[algorithm]
        for key in keys:
            assert set(key) == {*members, "kid", "use", "alg"}
            assert not PRIVATE & set(key)
            assert (key["use"], key["alg"]) == ("sig", algorithm)
        assert (await bank.http.get("/i/00016/oauth2/jwks")).content == answer.content


async def test_the_key_set_of_an_institution_without_tokens_is_made_when_it_is_read(bank: Bank) -> None:
    """The first token is then signed with a key that was already published."""
    keys = (await bank.http.get("/i/00016/oauth2/jwks")).json()["keys"]
    answer = await bank.token("machine", grant_type="client_credentials")
    header = msgspec.json.decode(_segment(answer.json()["access_token"]))
    assert header["kid"] in {key["kid"] for key in keys}
    assert len(bank.events("key:announced")) == 2


def _segment(token: str) -> bytes:
    header = token.partition(".")[0]
    return base64.urlsafe_b64decode(header + "=" * (-len(header) % 4))


@pytest.mark.parametrize(
    "path", ["/i/00016/oauth2/jwks", "/i/00016/.well-known/openid-configuration", "/health/live"]
)
async def test_head_gives_the_headers_of_get_without_its_body(bank: Bank, path: str) -> None:
    get, head = await bank.http.get(path), await bank.http.head(path)
    assert head.status_code == get.status_code == 200
    assert head.content == b""
    assert head.headers["content-type"] == get.headers["content-type"]


async def test_health_tells_live_and_ready_and_forbids_caching(bank: Bank) -> None:
    for name in ("live", "ready"):
        answer = await bank.http.get(f"/health/{name}")
        assert (answer.status_code, answer.json()) == (200, {"status": name})
        assert answer.headers["cache-control"] == "no-store"
