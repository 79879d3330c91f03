"""A bank's colours: from one accent, all that a page needs, readable whatever the accent."""

import colorsys
from html import escape

from moneyer.institutions.institution import Brand

Colour = tuple[float, float, float]

_LIGHT: Colour = (1.0, 1.0, 1.0)
_DARK: Colour = (0.082, 0.094, 0.118)
"""The surfaces of a card, light and dark; `assets/style.css` has the same."""
READABLE = 4.5
"""Contrast of text (WCAG 2.2, 1.4.3)."""


def brand_css(brand: Brand) -> bytes:
    """Custom properties for light and dark."""
    accent = _parse(brand.accent)
    light = readable_on(accent, _LIGHT)
    dark = readable_on(accent, _DARK)
    return (
        f":root{{--accent:{_text(light)};--on-accent:{_text(ink_on(light))}}}"
        f"@media(prefers-color-scheme:dark){{:root{{--accent:{_text(dark)};"
        f"--on-accent:{_text(ink_on(dark))}}}}}"
    ).encode()


def brand_logo(brand: Brand, name: str) -> bytes:
    """The bank's own SVG, or its initials in the accent."""
    if brand.logo:
        return brand.logo.encode()
    initials = "".join(word[0] for word in name.split() if word[0].isalnum())[:2].upper() or "B"
    accent = _parse(brand.accent)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48">'
        f'<rect width="48" height="48" rx="13" fill="{_text(accent)}"/>'
        f'<text x="24" y="31.5" font-family="system-ui,sans-serif" font-size="21" font-weight="650" '
        f'text-anchor="middle" fill="{_text(ink_on(accent))}">{escape(initials)}</text></svg>'
    ).encode()


def contrast(one: Colour, other: Colour) -> float:
    """The ratio of two colours' luminance (WCAG 2.2), 1 to 21."""
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def ink_on(colour: Colour) -> Colour:
    """White or near-black, whichever reads better."""
    black: Colour = (0.04, 0.05, 0.07)
    return max((_LIGHT, black), key=lambda ink: contrast(ink, colour))


def readable_on(colour: Colour, surface: Colour) -> Colour:
    """`colour`, made darker or lighter until it reads as text on `surface`."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*colour)
    step = -0.01 if _luminance(surface) > 0.5 else 0.01
    found = colour
    while contrast(found, surface) < READABLE + 0.1 and 0 <= lightness <= 1:
        lightness += step
        found = colorsys.hls_to_rgb(hue, min(max(lightness, 0), 1), saturation)
    return found


def _parse(text: str) -> Colour:
    red, green, blue = (int(text[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


def _text(colour: Colour) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in colour)


def _luminance(colour: Colour) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
