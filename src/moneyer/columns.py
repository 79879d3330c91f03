"""Tables as plain text. No line is cut or wrapped, so that everything in it can be copied."""

from collections.abc import Iterable, Iterator

from rich.cells import cell_len


def aligned(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """A line for each row; every column as wide as its widest cell, two blanks between them."""
    rows = list(rows)
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        padded = (
            cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)
        )
        yield "  ".join(padded).rstrip()
