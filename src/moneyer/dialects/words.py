"""What a caller is told of a failure, in any dialect."""

from collections.abc import Callable
from typing import NamedTuple


class Words(NamedTuple):
    """What a caller is told: status, code and message of V2, and RFC 6749's pair."""

    status: int
    code: str
    message: str
    error: str
    description: str


class Dialect(NamedTuple):
    """How a dialect answers what went wrong: its words, and the body they stand in."""

    words_for: Callable[[Exception], Words]
    write_failure: Callable[[Words, dict[str, str]], bytes]
