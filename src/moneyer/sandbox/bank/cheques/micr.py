"""The line that machines read, at the foot of a cheque: digits in cells, and the two signs."""

from moneyer.sandbox.bank.cheques.paper import INK, Paper

CELL = 26
SIZE = 34


def write(paper: Paper, x: float, y: float, number: str, routing: str, account: str) -> None:
    """Cheque number, routing number, account number, between their signs (ANSI X9.100-160)."""
    for sign in f"C{number.zfill(6)}C A{routing}A {account}C":
        if sign == "A":
            _transit(paper, x, y)
        elif sign == "C":
            _on_us(paper, x, y)
        elif sign != " ":
            paper.text(x + CELL / 2, y, sign, SIZE, INK, "ms")
        x += CELL


def _transit(paper: Paper, x: float, y: float) -> None:
    """A bar with two squares behind it."""
    paper.box(x + 4, y - 24, x + 8, y, INK)
    paper.box(x + 12, y - 22, x + 19, y - 14, INK)
    paper.box(x + 12, y - 8, x + 19, y, INK)


def _on_us(paper: Paper, x: float, y: float) -> None:
    """Two bars with a square behind them."""
    paper.box(x + 3, y - 18, x + 6, y - 4, INK)
    paper.box(x + 10, y - 18, x + 13, y - 4, INK)
    paper.box(x + 17, y - 10, x + 23, y, INK)
