"""Where everything rests: a SQLite file, or a PostgreSQL named by its URL."""

import re
from pathlib import Path


class PostgresqlUrl:
    """A connection URL as libpq reads it; printed without its password."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return re.sub(r"//([^:@/?]*):[^@/]*@", r"//\1@", self.text.partition("?")[0])

    def __repr__(self) -> str:
        return f"PostgresqlUrl({str(self)!r})"


Database = Path | PostgresqlUrl
