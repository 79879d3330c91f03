# mypy: disable-error-code="import-not-found, misc, untyped-decorator"
"""A token server after Authlib's guide for Flask, everything in PostgreSQL.

Where the guide commits after each step, this commits once a request.
"""

import time
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from authlib.common.security import generate_token
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from flask import Flask, Response
from joserfc.jwk import ECKey
from models import Client, Token, User, session

_KEY = ECKey.generate_key("P-256")
_DAY = 86_400
_METHODS = ["client_secret_basic"]

hasher = PasswordHasher()
app = Flask(__name__)
server = AuthorizationServer()


class AccessTokens(JWTBearerTokenGenerator):
    def get_jwks(self) -> ECKey:
        return _KEY


class ClientCredentials(grants.ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = _METHODS


class Password(grants.ResourceOwnerPasswordCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = _METHODS

    def authenticate_user(self, username: str, password: str) -> User | None:
        user = session.query(User).filter_by(username=username).first()
        if user is None:
            return None
        try:
            hasher.verify(user.password_hash, password)
        except VerifyMismatchError:
            return None
        return user


class RefreshToken(grants.RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = _METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Token | None:
        token = session.query(Token).filter_by(refresh_token=refresh_token).first()
        return None if token is None or token.refresh_token_revoked_at else token

    def authenticate_user(self, refresh_token: Token) -> User | None:
        return session.get(User, refresh_token.user_id)

    def revoke_old_credential(self, refresh_token: Token) -> None:
        refresh_token.access_token_revoked_at = refresh_token.refresh_token_revoked_at = int(
            time.time()
        )


class Introspection(IntrospectionEndpoint):
    def check_permission(self, token: Token, client: Client, _request: object) -> bool:
        return bool(token.client_id == client.client_id)

    def query_token(self, token_string: str, _token_type_hint: str | None) -> Token | None:
        return session.query(Token).filter_by(access_token=token_string).first()

    def introspect_token(self, token: Token) -> dict[str, Any]:
        return {
            "active": True,
            "client_id": token.client_id,
            "token_type": token.token_type,
            "scope": token.get_scope(),
            "sub": token.client_id if token.user_id is None else str(token.user_id),
            "iat": token.issued_at,
            "exp": token.issued_at + token.expires_in,
        }


def query_client(client_id: str) -> Client | None:
    return session.query(Client).filter_by(client_id=client_id).first()


def save_token(token: dict[str, Any], request: Any) -> None:
    user_id = request.user.id if request.user else None
    session.add(Token(client_id=request.client.client_id, user_id=user_id, **token))


@app.post("/oauth/token")
def issue_token() -> Response:
    answer = server.create_token_response()
    session.commit()
    return answer


@app.post("/oauth/introspect")
def introspect_token() -> Response:
    return server.create_endpoint_response("introspection")


@app.teardown_appcontext
def end_session(_failure: BaseException | None) -> None:
    session.remove()


server.init_app(app, query_client, save_token)
server.register_token_generator(
    "default",
    AccessTokens(
        "http://127.0.0.1",
        alg="ES256",
        refresh_token_generator=lambda **_request: generate_token(48),
        expires_generator=_DAY,
    ),
)
for grant in (ClientCredentials, Password, RefreshToken):
    server.register_grant(grant)
server.register_endpoint(Introspection)
