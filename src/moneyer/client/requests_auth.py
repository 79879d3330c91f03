"""Tokens on the calls of requests: `requests.get(url, auth=RequestsAuth(bank))`.

The one module that needs requests, which Moneyer does not install.
"""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from requests.auth import AuthBase

from moneyer.client import bearer
from moneyer.client.addresses import require_secure
from moneyer.client.blocking import TokenClient
from moneyer.client.customer import NAMES, Customer
from moneyer.client.tokens import Tokens


class RequestsAuth(AuthBase):
    """As httpx_auth.BearerAuth: a refused token is renewed once, the request repeated once, unless its
    body was a file or a stream. Raises InsecureAddress, and what `TokenClient.token` raises."""

    def __init__(self, client: TokenClient, customer: Customer | None = None) -> None:
        self._client = client
        self._customer = customer

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        url = require_secure(r.url or "")
        if self._customer is not None:
            if not NAMES.isdisjoint(parse_qs(urlsplit(url).query, keep_blank_values=True)):
                raise ValueError("the call names a customer already")
            r.prepare_url(url, dict(self._customer.parameters))
        tokens = self._client.token()
        r.headers.update(bearer.headers(self._client.settings, tokens))
        r.register_hook("response", _Repeat(self._client, tokens))
        return r


class _Repeat:
    """Looks at the answer of one call, and sends the call once more where another token may help."""

    def __init__(self, client: TokenClient, tokens: Tokens) -> None:
        self._client = client
        self._tokens = tokens
        self._is_done = False

    def __call__(self, response: requests.Response, **how: Any) -> requests.Response:
        sent = response.request
        challenge = response.headers.get("WWW-Authenticate")
        mine = f"Bearer {self._tokens.access_token}"
        if (
            self._is_done
            or not bearer.is_about_the_token(response.status_code, challenge)
            or sent.headers.get("Authorization") != mine
            or not isinstance(sent.body, str | bytes | None)
        ):
            return response
        self._is_done = True
        _ = response.content
        response.close()
        again = sent.copy()
        again.headers.update(bearer.headers(self._client.settings, self._client.renew(self._tokens)))
        answer: requests.Response = response.connection.send(again, **how)
        answer.history.append(response)
        answer.request = again
        return answer
