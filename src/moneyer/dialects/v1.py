"""The V1 dialect: XML that clients search for tags; no scopes, errors as a `Status`."""

import html
import re

from moneyer.dialects.words import Dialect, Words
from moneyer.grants.mint import TokenResponse
from moneyer.protocol import failures
from moneyer.protocol.failures import BadParameter, Failure, GrantNotPermitted
from moneyer.protocol.scopes import Scopes

MEDIA_TYPE = b"application/xml; charset=utf-8"
NAMESPACE = "http://schema.intuit.com/fs/common/v2"

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML 1.0 document can hold, escaped or not (section 2.2)."""


def _app(status: int, code: str, message: str) -> Words:
    """The application is at fault."""
    return Words(status, code, message, "APP_ERROR")


def _user(status: int, code: str, message: str) -> Words:
    """The customer is."""
    return Words(status, code, message, "USER_ERROR")


def _system(status: int, code: str, message: str) -> Words:
    """The service is, or it asks for patience."""
    return Words(status, code, message, "SYSTEM_ERROR")


_PARAMETERS: dict[str, Words] = {
    "grant_type": _app(400, "90002", "Form param 'grant_type' invalid"),
    "username": _user(400, "90002", "Form param 'username' invalid"),
    "password": _user(400, "90002", "Form param 'password' invalid"),
}

_GRANTS: dict[str, Words] = {
    "client_credentials": _app(403, "90001", "app does not support client credentials"),
}

_FAILURES: dict[type[Failure], Words] = {
    failures.MethodNotAllowed: _app(405, "90002", "Method invalid"),
    failures.InsecureTransport: _app(400, "90002", "Transport invalid"),
    failures.BodyTooLarge: _app(413, "90002", "Form too large"),
    failures.BadTransactionId: _app(400, "90002", "Header 'di_tid' invalid"),
    failures.BadInstitutionId: _app(400, "90002", "Header 'di_fiid' invalid"),
    failures.BadOriginatingIp: _app(400, "90002", "Header 'originating_ip' invalid"),
    failures.BadHeader: _app(400, "90002", "Header invalid"),
    failures.BadRequest: _app(400, "90002", "Form param invalid"),
    failures.BadClient: _app(401, "90001", "login credentials are not valid"),
    failures.NotPermitted: _app(403, "90002", "Client not authorized for this URL"),
    failures.AddressBlocked: _app(403, "90002", "Access blocked"),
    failures.NotEntitled: _app(401, "90001", "di_fiid not authorized"),
    failures.UnknownGrantType: _PARAMETERS["grant_type"],
    failures.BadCustomer: _user(401, "90001", "login credentials are not valid"),
    failures.CannotSign: _system(500, "90002", "Internal Service Error"),
    failures.Throttled: _system(429, "91000", "Quota limit violation"),
    failures.Overloaded: _system(429, "92000", "Spike arrest violation"),
    failures.Unavailable: _system(503, "90003", "Internal Service Error"),
}

INTERNAL = _system(500, "90004", "Internal Service Error")


def words_for(failure: Exception) -> Words:
    """What the caller is told about a failure: its own row, or that of its nearest ancestor."""
    if isinstance(failure, BadParameter) and failure.parameter in _PARAMETERS:
        return _PARAMETERS[failure.parameter]
    if isinstance(failure, GrantNotPermitted) and failure.grant in _GRANTS:
        return _GRANTS[failure.grant]
    for kind in type(failure).__mro__:
        if words := _FAILURES.get(kind):
            return words
    return INTERNAL


def write_failure(words: Words, _more: dict[str, str]) -> bytes:
    """The body of an error. Clients show `statusMessage` to people: it says what is wrong as well."""
    info = _elements({"errorType": words.error, "errorCode": words.code, "errorMessage": words.message})
    status = _elements({"statusMessage": words.message})
    root = f'<Status xmlns="{NAMESPACE}">{status}<errorInfo>{info}</errorInfo></Status>'
    return f"{DECLARATION}{root}".encode()


V1 = Dialect(words_for, write_failure, MEDIA_TYPE)


def read_scopes() -> Scopes:
    """None: V1 has no scopes, and its tokens hold none."""
    return ()


def write_tokens(institution_id: str, response: TokenResponse) -> bytes:
    """A successful answer: the elements and their order are the grant's."""
    members = {"di_fiid": institution_id}
    if response.customer is not None:
        members |= {
            "di_ficustomer": response.customer.customer_id,
            "di_member_number": response.customer.member_number,
        }
    members |= {"access_token": response.access_token, "expires_in": str(response.expires_in)}
    if response.refresh_token is not None:
        members |= {
            "refresh_token": response.refresh_token,
            "refresh_token_expires_in": str(response.refresh_token_expires_in),
        }
    return f"{DECLARATION}<token>{_elements(members)}</token>".encode()


def _elements(members: dict[str, str]) -> str:
    """One element after the other: an opening tag, escaped text, a closing tag, nothing between."""
    return "".join(f"<{name}>{text(value)}</{name}>" for name, value in members.items())


def text(value: str) -> str:
    """`value` as the content of an element; what XML cannot hold is replaced."""
    return html.escape(_NOT_IN_XML.sub("\ufffd", value), quote=False)
