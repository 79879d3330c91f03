"""Tokens on the calls of an httpx client: `httpx.Client(auth=BearerAuth(bank))`."""

from collections.abc import AsyncGenerator, Generator

import httpx

from moneyer.client import bearer
from moneyer.client.addresses import require_secure
from moneyer.client.asynchronous import AsyncTokenClient
from moneyer.client.blocking import TokenClient
from moneyer.client.customer import NAMES, Customer
from moneyer.client.settings import Settings
from moneyer.client.tokens import Tokens


class BearerAuth(httpx.Auth):
    """For `httpx.Client`. A token that is refused is renewed once, and the request repeated once,
    unless its body was streamed. Raises InsecureAddress, and what `TokenClient.token` raises."""

    def __init__(self, client: TokenClient, customer: Customer | None = None) -> None:
        self._client = client
        self._customer = customer

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        _name(request, self._customer)
        tokens = self._client.token()
        _sign(request, self._client.settings, tokens)
        response = yield request
        if _may_repeat(request, response):
            _sign(request, self._client.settings, self._client.renew(tokens))
            yield request

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        raise TypeError("BearerAuth is for httpx.Client; httpx.AsyncClient takes AsyncBearerAuth")
        yield request


class AsyncBearerAuth(httpx.Auth):
    """For `httpx.AsyncClient`; otherwise as BearerAuth."""

    def __init__(self, client: AsyncTokenClient, customer: Customer | None = None) -> None:
        self._client = client
        self._customer = customer

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        _name(request, self._customer)
        tokens = await self._client.token()
        _sign(request, self._client.settings, tokens)
        response = yield request
        if _may_repeat(request, response):
            _sign(request, self._client.settings, await self._client.renew(tokens))
            yield request

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        raise TypeError("AsyncBearerAuth is for httpx.AsyncClient; httpx.Client takes BearerAuth")
        yield request


def _name(request: httpx.Request, customer: Customer | None) -> None:
    """Raises InsecureAddress; ValueError where the call names a customer of its own."""
    require_secure(str(request.url))
    if customer is None:
        return
    if not NAMES.isdisjoint(request.url.params):
        raise ValueError("the call names a customer already")
    request.url = request.url.copy_merge_params(dict(customer.parameters))


def _sign(request: httpx.Request, settings: Settings, tokens: Tokens) -> None:
    request.headers.update(bearer.headers(settings, tokens))


def _may_repeat(request: httpx.Request, response: httpx.Response) -> bool:
    """Not after a redirect to somewhere else, which never saw the token."""
    return (
        bearer.is_about_the_token(response.status_code, response.headers.get("www-authenticate"))
        and bearer.same_origin(str(response.url), str(request.url))
        and isinstance(request.stream, httpx.ByteStream)
    )
