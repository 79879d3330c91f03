"""What a service behind the guard is told, as headers; and that nobody else tells it so."""

import re
from urllib.parse import quote

from moneyer.gateway.call import RawHeaders, Verified

PREFIX = "moneyer-"
"""Every header that begins with it is the guard's, and stripped where a caller sends it."""

INSTITUTION = "moneyer-institution"
APPLICATION = "moneyer-application"
SUBJECT = "moneyer-subject"
CUSTOMER = "moneyer-customer"
SCOPES = "moneyer-scopes"
TOKEN_ID = "moneyer-token-id"
GRANT = "moneyer-grant"
ACR = "moneyer-acr"
AUTH_TIME = "moneyer-auth-time"
HOST_USER_ID = "moneyer-host-user-id"
LOGIN_ID = "moneyer-login-id"
BUSINESS = "moneyer-institution-customer-id"

NAMES = (
    INSTITUTION,
    APPLICATION,
    SUBJECT,
    CUSTOMER,
    SCOPES,
    TOKEN_ID,
    GRANT,
    ACR,
    AUTH_TIME,
    HOST_USER_ID,
    LOGIN_ID,
    BUSINESS,
)
"""All of them: a proxy sets each, or removes it."""

_OURS = re.compile(rb"moneyer(?![a-z0-9])")
_PLAIN = re.compile(r"[A-Za-z0-9 !#$&'()*+,./:;=?@\[\]^_`{|}~-]*")


def facts_of(verified: Verified) -> RawHeaders:
    """The headers; what is not known has none.

    Values are printable ASCII: whatever else stands in a login or a host user id is percent-encoded as
    UTF-8, a percent sign too (RFC 3986 section 2.1).
    """
    context = verified.context
    told = (
        (INSTITUTION, verified.institution_id),
        (APPLICATION, verified.client_id),
        (SUBJECT, verified.subject),
        (CUSTOMER, verified.customer_id),
        (SCOPES, " ".join(verified.scopes)),
        (TOKEN_ID, verified.token_id),
        (GRANT, verified.grant),
        (ACR, verified.acr),
        (AUTH_TIME, str(verified.auth_time) if verified.auth_time else ""),
        (HOST_USER_ID, context.host_user_id),
        (LOGIN_ID, context.login_id),
        (BUSINESS, context.institution_customer_id),
    )
    return [(name.encode(), _safe(value)) for name, value in told if value]


def without_facts(headers: RawHeaders) -> RawHeaders:
    """The headers without any that could be read as one of the guard's, whatever the case, and whatever
    stands for the hyphen: CGI and its heirs turn every other character into the same underscore."""
    return [header for header in headers if not _OURS.match(header[0].lower())]


def _safe(value: str) -> bytes:
    if _PLAIN.fullmatch(value) and value == value.strip():
        return value.encode()
    return quote(value, safe="!#$&'()*+,/:;=?@[]^_`{|}~.-").encode()
