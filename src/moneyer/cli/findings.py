"""What `moneyer check` finds."""

from enum import Enum
from typing import NamedTuple


class Grade(Enum):
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


class Finding(NamedTuple):
    """One thing that was looked at."""

    grade: Grade
    subject: str
    words: str
