"""What a caller is told of a failure, in any dialect."""

from collections.abc import Callable
from typing import NamedTuple


class Words(NamedTuple):
    """What a caller is told: status, code and message of V1 and V2, and RFC 6749's pair.

    V1 has the type of an error where the others have RFC 6749's, and no description.
    """

    status: int
    code: str
    message: str
    error: str
    description: str = ""


class Dialect(NamedTuple):
    """How a dialect answers what went wrong: its words, and the body they stand in."""

    words_for: Callable[[Exception], Words]
    write_failure: Callable[[Words, dict[str, str]], bytes]
    media_type: bytes = b"application/json"
