"""The published error table of the V2 dialect, written out once more, and what every answer has.

Nothing here is taken from the service: a change of a code, a message or a status must fail a test.
"""

import re
import uuid
from typing import NamedTuple

import httpx
import msgspec


class Row(NamedTuple):
    """One row of the table: status, code and message of V2, and RFC 6749's error."""

    status: int
    code: str
    message: str
    error: str


CREDENTIALS = Row(401, "CMN_90004", "Invalid credentials", "invalid_client")
NOT_PERMITTED = Row(
    401, "CMN_90001", "Client not authorized to access this resource", "unauthorized_client"
)
INSTITUTION = Row(400, "CMN_90005", "Header institutionId is invalid", "invalid_request")
NOT_ENTITLED = Row(403, "CMN_90006", "Not authorized to access this resource", "unauthorized_client")
NO_GRANT_TYPE = Row(400, "CMN_90007", "Invalid grant type", "invalid_request")
GRANT_TYPE = Row(400, "CMN_90007", "Invalid grant type", "unsupported_grant_type")
TRANSACTION = Row(400, "CMN_90008", "Header transactionId is invalid", "invalid_request")
ADDRESS = Row(400, "CMN_90009", "Access blocked", "unauthorized_client")
HEADER = Row(400, "CMN_90010", "Header is invalid", "invalid_request")
REQUEST = Row(400, "CMN_90011", "Request is invalid", "invalid_request")
METHOD = REQUEST._replace(status=405)
PATH = REQUEST._replace(status=404)
SIZE = REQUEST._replace(status=413)
SCOPES = Row(400, "CMN_90012", "Request is invalid", "invalid_scope")
USERNAME = Row(400, "CMN_90013", "Username is invalid", "invalid_request")
PASSWORD = Row(400, "CMN_90014", "Password is invalid", "invalid_request")
CUSTOMER = Row(401, "CMN_90015", "Invalid user credentials", "invalid_grant")
TOKEN = Row(400, "CMN_90016", "Invalid token", "invalid_grant")
NOT_ASCII = Row(400, "CMN_90017", "Request contains non printable ASCII characters", "invalid_request")
BEARER = Row(400, "CMN_90018", "Invalid token", "invalid_token")
CANNOT_SIGN = Row(500, "CMN_90019", "Error creating token", "server_error")
ITSELF = Row(400, "CMN_90020", "App cannot authorize itself", "invalid_request")
TARGET = Row(400, "CMN_90021", "Invalid client configuration", "invalid_request")
UNFORESEEN = Row(500, "CMN_90000", "Internal server error", "server_error")
QUOTA = Row(429, "CMN_90001", "Quota limit violation", "temporarily_unavailable")
OVERLOAD = Row(503, "CMN_90002", "Spike limit violation", "temporarily_unavailable")
NOT_STORED = Row(503, "CMN_90002", "Service temporarily unavailable", "temporarily_unavailable")

ROWS = frozenset(row for row in globals().copy().values() if isinstance(row, Row))

_DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]{1,200}")


def refused(response: httpx.Response, row: Row) -> None:
    """Asserts that `response` is `row`, with all that an error has to carry (RFC 6749 section 5.2)."""
    row_of = check_refusal(response.status_code, list(response.headers.raw), response.content)
    assert row_of == row, (row_of, row)


def check_refusal(status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> Row:
    """The row that an error answer is; asserts its members and headers."""
    members = msgspec.json.decode(body, type=dict[str, str])
    assert list(members) == ["code", "message", "error", "error_description"]
    assert _DESCRIPTION.fullmatch(members["error_description"])
    row = Row(status, members["code"], members["message"], members["error"])
    assert row in ROWS, row
    sent = check_headers(headers)
    assert (b"www-authenticate" in sent) == (status == 401)
    assert sent.get(b"www-authenticate", b"Basic").startswith(b"Basic")
    assert (b"retry-after" in sent) == (status in {429, 503})
    assert 1 <= int(sent.get(b"retry-after", b"1")) <= 3600
    assert (b"allow" in sent) == (status == 405)
    return row


def check_headers(headers: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """The headers by name; asserts those that every JSON answer of the service has, each once."""
    sent = {name.lower(): value for name, value in headers}
    assert len(sent) == len(headers)
    assert sent[b"content-type"] == b"application/json"
    assert sent[b"cache-control"] == b"no-store"
    assert sent[b"pragma"] == b"no-cache"
    assert not [name for name in sent if name.startswith(b"access-control")]
    uuid.UUID(sent[b"transactionid"].decode())
    return sent
