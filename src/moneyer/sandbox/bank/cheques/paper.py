"""Paper and pens: what both sides of a cheque are drawn with."""

import io
import math
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from moneyer.sandbox.bank.growth.dice import Dice

WIDTH, HEIGHT = 1200, 540
FINE = 2
"""Everything is drawn this much larger, and made smaller at the end: smooth lines."""

Colour = tuple[int, int, int]
INK: Colour = (33, 38, 51)
PEN: Colour = (28, 44, 122)
FAINT: Colour = (118, 126, 140)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The typeface that comes with Pillow: the same on every machine."""
    return ImageFont.load_default(size)


def colour_of(text: str) -> Colour:
    """`#rrggbb`."""
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """`share` of `one`, the rest of `other`."""
    red, green, blue = (round(a * share + b * (1 - share)) for a, b in zip(one, other, strict=True))
    return red, green, blue


class Paper:
    """A sheet of the size of a cheque. Places and sizes are in pixels of the finished picture."""

    def __init__(self, colour: Colour) -> None:
        self._image = Image.new("RGB", (WIDTH * FINE, HEIGHT * FINE), colour)
        self._draw = ImageDraw.Draw(self._image)

    def text(
        self, x: float, y: float, text: str, size: int, colour: Colour = INK, anchor: str = "ls"
    ) -> float:
        """Writes on a base line; gives where it ended."""
        font = _font(size * FINE)
        self._draw.text((x * FINE, y * FINE), text, fill=colour, font=font, anchor=anchor)
        return x + self.width(text, size)

    def width(self, text: str, size: int) -> float:
        return float(self._draw.textlength(text, font=_font(size * FINE))) / FINE

    def fitted(self, text: str, size: int, room: float) -> str:
        """`text`, cut where it would not fit."""
        while len(text) > 1 and self.width(text, size) > room:
            text = f"{text[:-2].rstrip()}…"
        return text

    def line(self, points: list[tuple[float, float]], colour: Colour = INK, width: float = 1) -> None:
        fine = [(x * FINE, y * FINE) for x, y in points]
        self._draw.line(fine, fill=colour, width=max(1, round(width * FINE)), joint="curve")

    def box(
        self,
        left: float,
        top: float,
        right: float,
        bottom: float,
        fill: Colour | None = None,
        outline: Colour | None = None,
        radius: float = 0,
    ) -> None:
        corners = (left * FINE, top * FINE, right * FINE, bottom * FINE)
        self._draw.rounded_rectangle(corners, radius * FINE, fill, outline, FINE)

    def guilloche(self, colour: Colour, top: float, bottom: float) -> None:
        """The fine waves that are printed under everything."""
        for row in range(9):
            points = []
            for step in range(0, WIDTH + 1, 6):
                phase = step / 62 + row * 0.7
                wave = math.sin(phase) * math.cos(step / 210 + row)
                points.append((float(step), (top + bottom) / 2 + wave * (bottom - top) / 2))
            self.line(points, colour, 0.5)

    def signature(self, name: str, x: float, y: float, room: float) -> None:
        """A hand that is a person's own: loops that follow from the name."""
        dice = Dice("signature", name)
        strokes = dice.between(5, 8)
        points: list[tuple[float, float]] = []
        place = x
        for stroke in range(strokes):
            height = dice.between(12, 40) * (1.3 if stroke == 0 else 0.8)
            wide = room / strokes * dice.between(80, 120) / 100
            lean = dice.between(2, 7) / 10
            for step in range(25):
                turn = step / 24 * 2 * math.pi
                across = place + wide * step / 24 + math.sin(turn) * height * lean
                points.append((across, y - (1 - math.cos(turn)) / 2 * height + math.sin(turn * 2) * 4))
            place += wide * 0.85
        points += [(place + 6 * step, y + 6 - step * 1.5) for step in range(12)]
        self.line(points, PEN, 2.2)

    def png(self) -> bytes:
        """The finished picture."""
        small = self._image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
        target = io.BytesIO()
        small.save(target, "PNG", compress_level=6)
        return target.getvalue()
