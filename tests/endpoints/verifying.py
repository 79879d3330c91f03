"""Tokens as others see them: two libraries that are not ours, with the key set that is served."""

from typing import Any

import jwt as pyjwt
from joserfc import jwt as joserfc
from joserfc.jwk import KeySet

from tests.bank import Bank


async def claims_of(
    bank: Bank, token: str, institution_id: str = "00016", *, algorithm: str = "ES256"
) -> dict[str, Any]:
    """Header and claims in one, as joserfc and PyJWT both read them after checking the signature."""
    served = (await bank.http.get(f"/i/{institution_id}/oauth2/jwks")).json()
    first = joserfc.decode(token, KeySet.import_key_set(served), algorithms=[algorithm])
    if algorithm != "Ed25519":  # PyJWT does not know RFC 9864's name yet
        kid = pyjwt.get_unverified_header(token)["kid"]
        (jwk,) = [key for key in served["keys"] if key["kid"] == kid]
        second = pyjwt.decode(
            token,
            pyjwt.PyJWK(jwk, algorithm=algorithm).key,
            algorithms=[algorithm],
            options={"verify_exp": False, "verify_iat": False, "verify_aud": False},
        )
        assert second == first.claims
    return {**first.header, **first.claims}
