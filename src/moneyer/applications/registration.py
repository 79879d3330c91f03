"""What may be registered of an application that signs customers in (RFC 7591 section 2, RFC 8252)."""

import re
from urllib.parse import urlsplit

from moneyer.applications.application import Application
from moneyer.applications.client_keys import read_client_keys
from moneyer.protocol.redirect_uri import check_redirect_uri

_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)+:/[A-Za-z0-9\-._~/]*")


def check_sign_in(application: Application) -> None:
    """Raises ValueError, saying why to an operator, unless its addresses and keys fit together."""
    is_native = application.application_type == "native"
    for uri in application.redirect_uris:
        # A scheme of one's own is a domain backwards, so that it has an owner (RFC 8252 section 7.1).
        if not (is_native and _PRIVATE_SCHEME.fullmatch(uri)):
            check_redirect_uri(uri)
    for uri in application.post_logout_redirect_uris:
        check_redirect_uri(uri)
    for origin in application.origins:
        parts = urlsplit(check_redirect_uri(origin))
        if origin != f"{parts.scheme}://{parts.netloc}" or origin != origin.lower():
            raise ValueError("an origin is a scheme, a host and perhaps a port, and nothing else")
    if application.backchannel_logout_uri:
        check_redirect_uri(application.backchannel_logout_uri)
    if application.auth_method == "private_key_jwt":
        read_client_keys(application.jwks)
    elif application.jwks:
        raise ValueError("jwks goes with the authentication method private_key_jwt")
    if application.is_public and "client_credentials" in application.grants:
        raise ValueError("an application that proves nothing has no client_credentials grant")
    if application.is_public and application.refresh_policy != "rotate":
        raise ValueError("refresh tokens of an application that proves nothing rotate")
    hosts = {urlsplit(uri).hostname for uri in application.redirect_uris}
    if application.is_third_party and len(hosts) > 1:
        raise ValueError("a third party's redirect URIs share one host: its subjects are of one sector")
    if application.is_third_party and "password" in application.grants:
        raise ValueError("no third party has the password grant: it would see passwords")
