"""What an issuer says of itself (RFC 8414 section 2; OpenID Connect Discovery 1.0 section 3)."""

from collections.abc import Iterable

from moneyer.customers.factors.policy import ACR_MFA, ACR_PASSWORD, ACR_PHR
from moneyer.institutions.institution import Institution
from moneyer.tokens.id_token import CLAIMS

_SECRET_METHODS = ["client_secret_basic", "client_secret_post", "private_key_jwt"]
_ASSERTION_ALGORITHMS = ["ES256", "Ed25519", "EdDSA", "PS256", "RS256"]
_PROTOCOL_CLAIMS = (
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "sid",
    "at_hash",
)


def metadata_of(issuer: str, institution: Institution, scopes: Iterable[str]) -> dict[str, object]:
    """The document: what works, nothing else. `scopes` are those that any application here holds."""
    oauth2 = f"{issuer}/oauth2"
    algorithm = institution.policy.algorithm
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{oauth2}/authorize",
        "token_endpoint": f"{oauth2}/token",
        "pushed_authorization_request_endpoint": f"{oauth2}/par",
        "introspection_endpoint": f"{oauth2}/introspect",
        "revocation_endpoint": f"{oauth2}/revoke",
        "userinfo_endpoint": f"{oauth2}/userinfo",
        "end_session_endpoint": f"{oauth2}/logout",
        "jwks_uri": f"{oauth2}/jwks",
        "scopes_supported": sorted(scopes),
        "grant_types_supported": [g for g in institution.policy.grants if g != "password"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": [*_SECRET_METHODS, "none"],
        "token_endpoint_auth_signing_alg_values_supported": _ASSERTION_ALGORITHMS,
        "introspection_endpoint_auth_methods_supported": _SECRET_METHODS,
        "introspection_endpoint_auth_signing_alg_values_supported": _ASSERTION_ALGORITHMS,
        "introspection_signing_alg_values_supported": [algorithm],
        "revocation_endpoint_auth_methods_supported": [*_SECRET_METHODS, "none"],
        "revocation_endpoint_auth_signing_alg_values_supported": _ASSERTION_ALGORITHMS,
        "id_token_signing_alg_values_supported": [algorithm],
        "subject_types_supported": ["public", "pairwise"],
        "acr_values_supported": [ACR_PASSWORD, ACR_MFA, ACR_PHR],
        "claims_supported": [*_PROTOCOL_CLAIMS, *CLAIMS],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "ui_locales_supported": ["en", "es"],
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "require_pushed_authorization_requests": False,
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }
