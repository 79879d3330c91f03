"""The back of a cheque: who took the money, and the bank's stamp."""

from datetime import date

from moneyer.sandbox.bank.cheques.cheque import Cheque
from moneyer.sandbox.bank.cheques.paper import (
    FAINT,
    HEIGHT,
    INK,
    WIDTH,
    Paper,
    colour_of,
    mixed,
)


def draw(cheque: Cheque) -> bytes:
    """PNG, 1200 by 540."""
    accent = colour_of(cheque.accent)
    white = (255, 255, 255)
    pale = mixed(accent, white, 0.14)
    paper = Paper(mixed(accent, white, 0.03))
    paper.guilloche(pale, 40, HEIGHT - 40)
    paper.box(14, 14, WIDTH - 14, HEIGHT - 14, outline=pale, radius=10)
    paper.text(60, 70, "ENDORSE HERE", 18, FAINT)
    for y in (130, 190, 250):
        paper.line([(60, y), (520, y)], FAINT)
    paper.signature(cheque.payee, 90, 124, 300)
    paper.text(70, 182, "For deposit only", 26, (28, 44, 122))
    paper.text(70, 242, paper.fitted(cheque.payee, 24, 440), 24, (28, 44, 122))
    paper.text(60, 290, "DO NOT WRITE, STAMP OR SIGN BELOW THIS LINE", 13, FAINT)
    paper.line([(60, 300), (520, 300)], INK)
    _stamp(paper, cheque)
    return paper.png()


def _stamp(paper: Paper, cheque: Cheque) -> None:
    """When it was paid, and by whom."""
    accent = colour_of(cheque.accent)
    paid = date.fromisoformat(cheque.date)
    paper.box(700, 150, 1120, 400, outline=accent, radius=14)
    paper.box(708, 158, 1112, 392, outline=accent, radius=10)
    paper.text(910, 216, paper.fitted(cheque.bank.upper(), 24, 370), 24, accent, "ms")
    paper.text(910, 284, "PAID", 56, accent, "ms")
    paper.text(910, 328, f"{paid.day:02} {paid:%b %Y}".upper(), 26, accent, "ms")
    paper.text(910, 368, f">{cheque.routing}<  {cheque.number}", 20, accent, "ms")
