"""The front of a cheque: what its drawer wrote."""

from datetime import date

from moneyer.sandbox.bank.cheques import micr
from moneyer.sandbox.bank.cheques.cheque import Cheque
from moneyer.sandbox.bank.cheques.paper import (
    FAINT,
    HEIGHT,
    INK,
    PEN,
    WIDTH,
    Paper,
    colour_of,
    mixed,
)
from moneyer.sandbox.bank.cheques.words import in_words
from moneyer.sandbox.bank.money import dollars

LEFT, RIGHT = 56, WIDTH - 56


def draw(cheque: Cheque) -> bytes:
    """PNG, 1200 by 540."""
    accent = colour_of(cheque.accent)
    white = (255, 255, 255)
    paper = Paper(mixed(accent, white, 0.06))
    paper.guilloche(mixed(accent, white, 0.22), 110, HEIGHT - 110)
    paper.box(14, 14, WIDTH - 14, HEIGHT - 14, outline=mixed(accent, white, 0.55), radius=10)
    paper.box(14, 14, WIDTH - 14, 26, accent, radius=6)
    _head(paper, cheque)
    _order(paper, cheque)
    _foot(paper, cheque)
    return paper.png()


def _head(paper: Paper, cheque: Cheque) -> None:
    accent = colour_of(cheque.accent)
    paper.text(LEFT, 82, paper.fitted(cheque.bank, 34, 560), 34, accent)
    paper.text(LEFT, 118, paper.fitted(cheque.drawer, 22, 480), 22)
    paper.text(LEFT, 144, "Specimen of the Moneyer sandbox - not negotiable", 15, FAINT)
    paper.text(RIGHT, 80, cheque.number, 30, INK, "rs")
    paper.text(RIGHT - 300, 140, "DATE", 14, FAINT)
    paper.line([(RIGHT - 252, 144), (RIGHT, 144)], INK)
    written = date.fromisoformat(cheque.date)
    paper.text(RIGHT - 126, 138, f"{written:%B} {written.day}, {written.year}", 26, PEN, "ms")


def _order(paper: Paper, cheque: Cheque) -> None:
    accent = colour_of(cheque.accent)
    paper.text(LEFT, 208, "PAY TO THE", 14, FAINT)
    paper.text(LEFT, 226, "ORDER OF", 14, FAINT)
    paper.line([(LEFT + 100, 228), (RIGHT - 250, 228)], INK)
    paper.text(LEFT + 116, 220, paper.fitted(cheque.payee, 32, 640), 32, PEN)
    paper.box(RIGHT - 226, 180, RIGHT, 234, (255, 255, 255), accent, 8)
    paper.text(RIGHT - 212, 220, "$", 28)
    amount = f"{dollars(cheque.cents)}"
    size = 32 if paper.width(amount, 32) < 176 else 24
    paper.text(RIGHT - 14, 219, amount, size, PEN, "rs")
    words = paper.fitted(in_words(cheque.cents), 30, RIGHT - LEFT - 130)
    end = paper.text(LEFT + 6, 290, words, 30, PEN)
    paper.line([(end + 14, 282), (RIGHT - 116, 282)], PEN, 1.5)
    paper.line([(LEFT, 300), (RIGHT - 100, 300)], INK)
    paper.text(RIGHT, 298, "DOLLARS", 18, INK, "rs")


def _foot(paper: Paper, cheque: Cheque) -> None:
    paper.text(LEFT, 404, "MEMO", 14, FAINT)
    paper.line([(LEFT + 58, 408), (LEFT + 440, 408)], INK)
    paper.text(LEFT + 68, 400, paper.fitted(cheque.memo, 26, 364), 26, PEN)
    paper.line([(RIGHT - 440, 408), (RIGHT, 408)], INK)
    paper.signature(cheque.drawer, RIGHT - 410, 396, 300)
    paper.text(RIGHT - 220, 426, "AUTHORIZED SIGNATURE", 12, FAINT, "ms")
    paper.box(14, 446, WIDTH - 14, HEIGHT - 14, (255, 255, 255), radius=8)
    micr.write(paper, LEFT + 20, 504, cheque.number, cheque.routing, cheque.account)
