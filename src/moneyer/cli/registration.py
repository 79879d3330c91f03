"""What an operator says about an application, checked before it is stored."""

import ipaddress
from typing import Any

import msgspec

from moneyer.applications.application import Application, password_grant_end
from moneyer.cli.context import Complaint
from moneyer.protocol.clock import SystemClock
from moneyer.protocol.identifiers import is_client_id
from moneyer.protocol.scopes import valid_scope


def password_end(days: int | None) -> int | None:
    """When the password grant ends that is switched on for `days` from now. Raises Complaint."""
    if days is None:
        return None
    try:
        return password_grant_end(SystemClock().now(), days)
    except ValueError as error:
        raise Complaint(str(error)) from None


def checked(document: dict[str, Any]) -> Application:
    """A registration, if every member of it is usable. Raises Complaint."""
    from moneyer.applications.registration import check_sign_in

    try:
        application = msgspec.convert(document, Application)
        check_sign_in(application)
        for network in application.allowed_addresses:
            _check_network(network)
    except (msgspec.ValidationError, ValueError) as error:
        raise Complaint(str(error)) from None
    if not is_client_id(application.client_id):
        raise Complaint("a client id is 1 to 128 letters, digits and . _ ~ -")
    for scope in application.scopes:
        if not valid_scope(scope):
            raise Complaint("a scope is printable ASCII without blank, comma, quote or backslash")
    if "authorization_code" in application.grants and not application.redirect_uris:
        raise Complaint("the authorization_code grant needs --redirect-uri")
    if application.is_sign_in_page and "client_credentials" not in application.grants:
        raise Complaint("a sign-in page needs the client_credentials grant")
    return application


def _check_network(text: str) -> None:
    """Raises Complaint unless `text` is an address or a network of addresses."""
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        raise Complaint(f"--allow-address: {error}") from None
