"""How far a follower has read."""

import re
from typing import NamedTuple

from moneyer.protocol.failures import BadParameter

_CURSOR = re.compile(r"([0-9a-f]{16})\.([0-9]{1,18})\.([0-9]{1,18})\.([0-9]{1,18})")


class Cursor(NamedTuple):
    """A place in what is told.

    `process` and `sequence` say it exactly to the process that told it. Another one goes by `at`, the
    last instant at which something ended, and `version`, the directory's.
    """

    process: str
    sequence: int
    at: int
    version: int

    def __str__(self) -> str:
        return f"{self.process}.{self.sequence}.{self.at}.{max(0, self.version)}"


def read_cursor(text: str) -> Cursor:
    """Raises BadParameter for what no process ever told."""
    found = _CURSOR.fullmatch(text)
    if found is None:
        raise BadParameter("after", "cursor-malformed")
    process, *numbers = found.groups()
    return Cursor(process, *map(int, numbers))
