"""The settings of `moneyer gateway`: one TOML file. An unknown key is an error that names it."""

import ipaddress
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec

from moneyer.gateway.apis import APIS, FAMILIES
from moneyer.gateway.build import GuardSettings
from moneyer.gateway.route import Route, Routes
from moneyer.settings import BadSettings, Log

SECRET_VARIABLE = "GATEWAY_CLIENT_SECRET"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LOOPBACK = ("127.0.0.0/8", "::1/128")


class TokenService(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which token service is followed, and as which resource server."""

    base_url: str
    client_id: str
    client_secret: str = ""
    client_secret_file: str = ""
    ca_file: str = ""

    def __repr__(self) -> str:
        return f"TokenService({self.base_url!r}, {self.client_id!r})"


class Gateway(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where proxies ask, and how what they say is taken.

    `trusted_proxies` are the networks from which anyone may ask. `base_url` is where callers reach the
    APIs. `certificate_header` is the header in which the proxy passes the caller's certificate.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8090
    trusted_proxies: tuple[str, ...] = LOOPBACK
    memory: str = ""
    longest_silence: Annotated[int, msgspec.Meta(ge=0)] = 0
    base_url: str = ""
    certificate_header: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]*$")] = ""
    families: tuple[str, ...] = ()
    drain: Annotated[float, msgspec.Meta(ge=0, le=600)] = 0.0


class OwnRoute(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A route that is not among the built-in ones: the members of `moneyer.gateway.route.Route`."""

    method: Annotated[str, msgspec.Meta(pattern="^[A-Z]+$")]
    path: Annotated[str, msgspec.Meta(pattern="^/")]
    family: str
    scopes: tuple[str, ...] = ()
    customer: Literal["required", "none"] = "required"
    audience: Literal["apis", "legacy-apis"] = "apis"
    context_in_header: bool = False
    acrs: tuple[str, ...] = ()
    max_age: Annotated[int, msgspec.Meta(ge=0)] | None = None


class GatewaySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of them."""

    token_service: TokenService
    gateway: Gateway = Gateway()
    routes: tuple[OwnRoute, ...] = ()
    log: Log = Log()

    def guard(self, environment: Mapping[str, str] = os.environ) -> GuardSettings:
        """How the token service is followed. Raises BadSettings where there is no secret."""
        service = self.token_service
        secret = environment.get(SECRET_VARIABLE) or service.client_secret
        if not secret and service.client_secret_file:
            try:
                secret = Path(service.client_secret_file).read_text().strip()
            except OSError as error:
                raise BadSettings(
                    f"token_service.client_secret_file: {error.filename}: {error.strerror}"
                ) from None
        if not secret:
            raise BadSettings(
                "token_service.client_secret_file: no secret is set, here or in $" + SECRET_VARIABLE
            )
        return GuardSettings(
            service.base_url,
            service.client_id,
            secret,
            self.gateway.memory,
            self.gateway.longest_silence,
            service.ca_file,
        )

    def table(self) -> Routes:
        """One's own routes come before the built-in ones. Raises BadSettings."""
        own: list[Route] = []
        for route in self.routes:
            if route.family not in FAMILIES:
                raise BadSettings(f"routes: there is no family {route.family}: {', '.join(FAMILIES)}")
            members = {**msgspec.structs.asdict(route), "family": FAMILIES[route.family]}
            own.append(Route(**members))
        for name in self.gateway.families:
            if name not in APIS:
                raise BadSettings(f"gateway.families: there is no {name}: {', '.join(APIS)}")
            own += APIS[name]
        if not own:
            raise BadSettings("gateway.families: nothing is guarded: name families here, or routes")
        return Routes(own)

    def trusted(self) -> tuple[Network, ...]:
        """Raises BadSettings."""
        try:
            return tuple(ipaddress.ip_network(text) for text in self.gateway.trusted_proxies)
        except ValueError as error:
            raise BadSettings(f"gateway.trusted_proxies: {error}") from None


def read_gateway_settings(file: Path) -> GatewaySettings:
    """The settings in `file`. Raises BadSettings, whose message names the key."""
    try:
        document: dict[str, Any] = tomllib.loads(file.read_text())
    except OSError as error:
        raise BadSettings(f"{file}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"{file}: {error}") from None
    try:
        settings = msgspec.convert(document, GatewaySettings)
    except msgspec.ValidationError as error:
        raise BadSettings(f"{file}: {error}") from None
    _require_url("token_service.base_url", settings.token_service.base_url)
    if settings.token_service.ca_file and not Path(settings.token_service.ca_file).is_file():
        raise BadSettings("token_service.ca_file: there is no such file")
    if settings.gateway.base_url:
        _require_url("gateway.base_url", settings.gateway.base_url)
    return settings


def _require_url(key: str, text: str) -> None:
    url = urlsplit(text)
    if url.scheme not in {"http", "https"} or not url.netloc or url.query or url.fragment:
        raise BadSettings(f"{key}: must be an http or https URL without query or fragment")
    if text.endswith("/"):
        raise BadSettings(f"{key}: must not end with a slash")
