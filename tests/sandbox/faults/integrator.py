"""Somebody who tests a client: requests to a running sandbox, with faults ordered on them."""

from __future__ import annotations

import json
import socket
import uuid
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
import jwt

from tests.cli.process import Sandbox

MOBILE, BACK_OFFICE = "harbor-mobile", "meridian-back-office"
CLASSIC, APIS = "meridian-classic", "meridian-apis"


class Integrator:
    """Every call goes over a connection of its own to the sandbox's process."""

    def __init__(self, running: Sandbox) -> None:
        self.sandbox = running
        self._http = httpx.Client(
            base_url=running.base_url,
            trust_env=False,
            timeout=30,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def ask(
        self, method: str, path: str, fault: str | None = None, headers: Any = None, **more: Any
    ) -> httpx.Response:
        ordered = {} if fault is None else {"Moneyer-Fault": fault}
        return self._http.request(method, path, headers={**ordered, **(headers or {})}, **more)

    def token(self, client_id: str, fault: str | None = None, **form: str) -> httpx.Response:
        """V2's token endpoint."""
        return self.ask(
            "POST",
            "/oauth2/v1/token",
            fault,
            {"institutionId": "00016"},
            auth=(client_id, self.sandbox.secret(client_id)),
            data=form,
        )

    def standard(
        self, path: str, fault: str | None = None, client_id: str = BACK_OFFICE, **form: str
    ) -> httpx.Response:
        """An endpoint under the issuer."""
        auth = (client_id, self.sandbox.secret(client_id))
        return self.ask("POST", f"/i/00016/oauth2/{path}", fault, auth=auth, data=form)

    def legacy(self, fault: str | None = None, **form: str) -> httpx.Response:
        """V1's token endpoint."""
        headers = {"di_fiid": "00016", "di_tid": str(uuid.uuid4())}
        auth = (CLASSIC, self.sandbox.secret(CLASSIC))
        return self.ask("POST", "/v1/oauth/token", fault, headers, auth=auth, data=form)

    def back_office(self, fault: str | None = None) -> httpx.Response:
        return self.token(BACK_OFFICE, fault, grant_type="client_credentials")

    def sign_in(self, fault: str | None = None) -> httpx.Response:
        """Ada, through the mobile application."""
        ada = next(c for c in self.sandbox.card["customers"] if c["login_id"] == "ada.marsh")
        form = {"username": "ada.marsh", "password": ada["password"]}
        return self.token(MOBILE, fault, grant_type="password", **form)

    def renew(self, refresh_token: str, fault: str | None = None) -> httpx.Response:
        return self.token(MOBILE, fault, grant_type="refresh_token", refresh_token=refresh_token)

    def userinfo(self, access_token: str, fault: str | None = None) -> httpx.Response:
        """A call that an access token opens; one without `openid` is answered 403 here, never 401."""
        bearer = {"Authorization": f"Bearer {access_token}"}
        return self.ask("GET", "/i/00016/oauth2/userinfo", fault, bearer)

    def is_active(self, access_token: str) -> bool:
        """What introspection tells the APIs, which may ask about anyone's token."""
        answer = self.standard("introspect", client_id=APIS, token=access_token)
        return bool(answer.json()["active"])

    def raw(self, fault: str, client_id: str = BACK_OFFICE) -> bytes:
        """All bytes that come before the connection ends; the request asks for no such end."""
        place = urlsplit(self.sandbox.base_url)
        body = "grant_type=client_credentials"
        request = self._http.build_request(
            "POST", "/oauth2/v1/token", headers={"institutionId": "00016", "Moneyer-Fault": fault}
        )
        basic = httpx.BasicAuth(client_id, self.sandbox.secret(client_id))
        next(basic.auth_flow(request))
        lines = [
            "POST /oauth2/v1/token HTTP/1.1",
            f"Host: {place.netloc}",
            f"Authorization: {request.headers['Authorization']}",
            "Content-Type: application/x-www-form-urlencoded",
            "institutionId: 00016",
            f"Moneyer-Fault: {fault}",
            f"Content-Length: {len(body)}",
        ]
        with socket.create_connection((str(place.hostname), int(place.port or 0)), 30) as caller:
            caller.sendall("\r\n".join([*lines, "", body]).encode())
            received = b""
            while data := caller.recv(65536):
                received += data
        return received

    def keys(self) -> set[str]:
        """The key ids that the institution publishes."""
        return {key["kid"] for key in self.ask("GET", "/i/00016/oauth2/jwks").json()["keys"]}

    def kid(self, token: str) -> str:
        return str(jwt.get_unverified_header(token)["kid"])

    def verified(self, token: str) -> Any:
        """The claims, checked with the published key, by no clock."""
        jwks = jwt.PyJWKSet.from_dict(self.ask("GET", "/i/00016/oauth2/jwks").json())
        unchecked: Any = {"verify_aud": False, "verify_exp": False, "verify_iat": False}
        return jwt.decode(token, jwks[self.kid(token)], algorithms=["ES256"], options=unchecked)


def applied(answer: httpx.Response) -> str:
    """What an answer says was ordered."""
    return str(answer.headers.get("moneyer-fault", ""))


def members(raw: bytes) -> Any:
    """The JSON body of raw bytes."""
    return json.loads(raw.partition(b"\r\n\r\n")[2])
