"""The four grants over the wire: what they answer, in which order, and that it verifies."""

import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.bank import BASE, Bank


async def verified(bank: Bank, token: str, institution_id: str = "00016") -> dict[str, object]:
    """The claims, checked by a library that is not ours against the served key set."""
    keys = KeySet.import_key_set((await bank.http.get(f"/i/{institution_id}/oauth2/jwks")).json())
    decoded = jwt.decode(token, keys, algorithms=["ES256"])
    return {**decoded.header, **decoded.claims}


@pytest.mark.requirement("CC-02", "TE-11")
async def test_client_credentials_gives_an_institution_scoped_token_without_refresh(bank: Bank) -> None:
    """Exactly three members, all text, in the vendor's order; the token is a JWT by RFC 9068."""
    response = await bank.token("machine", grant_type="client_credentials")
    body = msgspec.json.decode(response.content)
    assert response.status_code == 200
    assert list(body) == ["access_token", "expires_in", "token_type"]
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == "1800"
    claims = await verified(bank, body["access_token"])
    assert claims["typ"] == "at+jwt"
    assert claims["iss"] == f"{BASE}/i/00016"
    assert claims["sub"] == "client:machine"
    assert claims["scope"] == "accounts:read transactions:read transfers:write"
