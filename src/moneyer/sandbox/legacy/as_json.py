"""The same answers in JSON."""

import msgspec

from moneyer.dialects.words import Words
from moneyer.sandbox.legacy.wire import Told


class ErrorInfo(Told, frozen=True):
    """`errorType`: whose fault it is."""

    error_type: str
    error_code: str
    error_message: str


class Status(Told, frozen=True):
    """Every refusal. `statusMessage` is for people."""

    status_message: str
    error_info: ErrorInfo


def status_of(words: Words) -> Status:
    return Status(words.message, ErrorInfo(words.error, words.code, words.message))


def write_json(root: str, body: Told) -> bytes:
    """`body`, as the member `root` where there is one."""
    return msgspec.json.encode({root: body} if root else body)


def write_json_failure(words: Words, _more: dict[str, str]) -> bytes:
    """The body of an error."""
    return msgspec.json.encode(status_of(words))
