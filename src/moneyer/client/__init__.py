"""Tokens for an application, from this token service or any other of its dialect.

    from moneyer.client import BearerAuth, ClientCredentials, Settings, TokenClient, customer

    settings = Settings(
        base_url="https://tokens.bank.example",
        client_id="meridian-back-office",
        client_secret=secret,
        institution_id="00016",
        scopes=("accounts:read",),
    )
    with TokenClient(settings, ClientCredentials) as bank:
        auth = BearerAuth(bank, customer(host_user_id="H1000001"))
        httpx.get("https://api.bank.example/v1/accounts", auth=auth)

A client holds the tokens of one sign-in. It renews them early, once for all its threads or tasks, and
repeats what may be repeated. For asyncio: AsyncTokenClient and AsyncBearerAuth. For requests:
`moneyer.client.requests_auth.RequestsAuth`. Of the server nothing is loaded.
"""

from moneyer.client.asynchronous import AsyncTokenClient
from moneyer.client.blocking import TokenClient
from moneyer.client.customer import Customer, customer
from moneyer.client.dialect import STANDARD, V2, Dialect
from moneyer.client.errors import (
    ClientError,
    InsecureAddress,
    MoreProofNeeded,
    ProtocolError,
    ServiceUnavailable,
    SignInNeeded,
    StoreFailed,
    TokenRefused,
    Unreachable,
)
from moneyer.client.grants import (
    AuthorizationCode,
    ClientCredentials,
    Password,
    RefreshToken,
    SecondFactor,
)
from moneyer.client.httpx_auth import AsyncBearerAuth, BearerAuth
from moneyer.client.renewal import Margin
from moneyer.client.retrying import Retry
from moneyer.client.settings import Settings, Timeouts
from moneyer.client.stores import FileStore, MemoryStore, TokenStore
from moneyer.client.tokens import Tokens

__all__ = [
    "STANDARD",
    "V2",
    "AsyncBearerAuth",
    "AsyncTokenClient",
    "AuthorizationCode",
    "BearerAuth",
    "ClientCredentials",
    "ClientError",
    "Customer",
    "Dialect",
    "FileStore",
    "InsecureAddress",
    "Margin",
    "MemoryStore",
    "MoreProofNeeded",
    "Password",
    "ProtocolError",
    "RefreshToken",
    "Retry",
    "SecondFactor",
    "ServiceUnavailable",
    "Settings",
    "SignInNeeded",
    "StoreFailed",
    "Timeouts",
    "TokenClient",
    "TokenRefused",
    "TokenStore",
    "Tokens",
    "Unreachable",
    "customer",
]
