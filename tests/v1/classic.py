"""A client of the old kind, and the published error table, written out once more.

It finds what it needs by searching for tags, as such clients do. Nothing here is taken from the
service: a change of a code, a message or a status must fail a test.
"""

import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode
from xml.etree import ElementTree

import httpx

from tests.bank import Bank

PATH = "/v1/oauth/token"
CC = "grant_type=client_credentials"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
NAMESPACE = "http://schema.intuit.com/fs/common/v2"


class Row(NamedTuple):
    """One row of the table: status, code, message and type."""

    status: int
    code: str
    message: str
    type: str

    def body(self) -> str:
        """Every byte of it."""
        return (
            f'{HEAD}<Status xmlns="{NAMESPACE}"><statusMessage>{self.message}</statusMessage>'
            f"<errorInfo><errorType>{self.type}</errorType><errorCode>{self.code}</errorCode>"
            f"<errorMessage>{self.message}</errorMessage></errorInfo></Status>"
        )


GRANT_TYPE = Row(400, "90002", "Form param 'grant_type' invalid", "APP_ERROR")
USERNAME = Row(400, "90002", "Form param 'username' invalid", "USER_ERROR")
PASSWORD = Row(400, "90002", "Form param 'password' invalid", "USER_ERROR")
INSTITUTION = Row(400, "90002", "Header 'di_fiid' invalid", "APP_ERROR")
TRANSACTION = Row(400, "90002", "Header 'di_tid' invalid", "APP_ERROR")
ORIGINATING = Row(400, "90002", "Header 'originating_ip' invalid", "APP_ERROR")
HEADER = Row(400, "90002", "Header invalid", "APP_ERROR")
CLIENT = Row(401, "90001", "login credentials are not valid", "APP_ERROR")
CUSTOMER = Row(401, "90001", "login credentials are not valid", "USER_ERROR")
NOT_ENTITLED = Row(401, "90001", "di_fiid not authorized", "APP_ERROR")
NO_CREDENTIALS_GRANT = Row(403, "90001", "app does not support client credentials", "APP_ERROR")
ADDRESS = Row(403, "90002", "Access blocked", "APP_ERROR")
NOT_PERMITTED = Row(403, "90002", "Client not authorized for this URL", "APP_ERROR")
QUOTA = Row(429, "91000", "Quota limit violation", "SYSTEM_ERROR")
SPIKE = Row(429, "92000", "Spike arrest violation", "SYSTEM_ERROR")
CANNOT_SIGN = Row(500, "90002", "Internal Service Error", "SYSTEM_ERROR")
UNAVAILABLE = Row(503, "90003", "Internal Service Error", "SYSTEM_ERROR")
UNFORESEEN = Row(500, "90004", "Internal Service Error", "SYSTEM_ERROR")

# Of which the vendor's table says nothing.
FORM = Row(400, "90002", "Form param invalid", "APP_ERROR")
METHOD = Row(405, "90002", "Method invalid", "APP_ERROR")
SIZE = Row(413, "90002", "Form too large", "APP_ERROR")
TRANSPORT = Row(400, "90002", "Transport invalid", "APP_ERROR")

ROWS = frozenset(row for row in globals().copy().values() if isinstance(row, Row))


def tag(body: str, name: str) -> str:
    """The text between the first `<name>` and the `</name>` after it."""
    _, opening, rest = body.partition(f"<{name}>")
    text, closing, _ = rest.partition(f"</{name}>")
    assert opening
    assert closing, body
    return text


def headers_of(bank: Bank, institution_id: str = "00016", client_id: str = "classic") -> dict[str, str]:
    """What every request of such a client has."""
    return {
        "Authorization": bank.basic(client_id),
        "Content-Type": "application/x-www-form-urlencoded",
        "di_fiid": institution_id,
        "di_tid": str(uuid.uuid4()),
    }


async def send(
    bank: Bank,
    body: str | bytes = CC,
    changes: Mapping[str, str | None] | None = None,
    *,
    institution_id: str = "00016",
    client_id: str = "classic",
    more: tuple[tuple[str, str], ...] = (),
    method: str = "POST",
    query: str = "",
) -> httpx.Response:
    """Sends exactly `body`. `changes` replace headers, None takes one away; `more` come on top."""
    headers: dict[str, str | None] = {**headers_of(bank, institution_id, client_id), **(changes or {})}
    sent = [(name.encode(), value.encode()) for name, value in headers.items() if value is not None] + [
        (name.encode(), value.encode()) for name, value in more
    ]
    return await bank.http.request(method, PATH + query, content=body, headers=sent)


async def ask(
    bank: Bank, institution_id: str = "00016", *, client_id: str = "classic", **form: Any
) -> httpx.Response:
    """Asks for a token with a form."""
    return await send(bank, urlencode(form), institution_id=institution_id, client_id=client_id)


async def token(bank: Bank, institution_id: str = "00016", **form: Any) -> str:
    """The access token that must be given."""
    answer = await ask(bank, institution_id, **(form or {"grant_type": "client_credentials"}))
    assert answer.status_code == 200, answer.text
    return tag(answer.text, "access_token")


def refused(answer: httpx.Response, row: Row) -> None:
    """Asserts that an answer is `row`, byte for byte, with all that an error has to carry."""
    assert (answer.status_code, answer.text) == (row.status, row.body())
    check_refusal(answer.status_code, list(answer.headers.raw), answer.content)


def check_refusal(status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> Row:
    """The row that an error answer is; asserts its headers."""
    text = body.decode()
    members = [tag(text, name) for name in ("errorCode", "errorMessage", "errorType")]
    row = Row(status, *members)
    assert row in ROWS, row
    assert text == row.body()
    assert ElementTree.fromstring(body).tag == f"{{{NAMESPACE}}}Status"
    sent = check_headers(headers)
    assert (b"www-authenticate" in sent) == (status == 401)
    assert (b"retry-after" in sent) == (status in {429, 503})
    assert 1 <= int(sent.get(b"retry-after", b"1")) <= 3600
    assert (b"allow" in sent) == (status == 405)
    return row


def check_headers(headers: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """The headers by name; asserts those that every answer of V1 has, each once."""
    sent = {name.lower(): value for name, value in headers}
    assert len(sent) == len(headers)
    assert sent[b"content-type"] == b"application/xml; charset=utf-8"
    assert sent[b"cache-control"] == b"no-store"
    assert sent[b"pragma"] == b"no-cache"
    assert not [name for name in sent if name.startswith(b"access-control")]
    uuid.UUID(sent[b"di_tid"].decode())
    return sent
