"""From a view to a page."""

import hashlib
import re
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import NamedTuple

from babel.dates import format_date, format_timedelta
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from moneyer.pages.scopes import describe
from moneyer.pages.translations import Catalogue, catalogue
from moneyer.pages.views import Frame, View


class Asset(NamedTuple):
    """A file that never changes under its name."""

    content_type: bytes
    body: bytes


def _assets() -> dict[str, str]:
    """Names with the hash of what is in them, by the plain ones."""
    folder = resources.files("moneyer.pages") / "assets"
    named = {}
    for plain in ("style.css", "script.js"):
        digest = hashlib.sha256((folder / plain).read_bytes()).hexdigest()[:12]
        stem, _, end = plain.partition(".")
        named[plain] = f"{stem}.{digest}.{end}"
    return named


_NAMES = _assets()
_TYPES = {"css": b"text/css; charset=utf-8", "js": b"text/javascript; charset=utf-8"}

ASSETS = {
    name: Asset(
        _TYPES[plain.rpartition(".")[2]],
        (resources.files("moneyer.pages") / "assets" / plain).read_bytes(),
    )
    for plain, name in _NAMES.items()
}
"""By the names that pages link to."""


class Pages:
    """Renders views. Everything that is not ours is escaped."""

    def __init__(self) -> None:
        self._environments = {language: _environment(language) for language in ("en", "es")}

    def render(self, view: View, frame: Frame) -> bytes:
        """A whole HTML page."""
        environment = self._environments[frame.language]
        name = re.sub("(?<!^)(?=[A-Z])", "_", type(view).__name__).lower()
        template = environment.get_template(f"{name}.html")
        return template.render(view=view, frame=frame).encode()


def _environment(language: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("moneyer.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found: Catalogue = catalogue(language)
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        found.gettext, found.ngettext, newstyle=True
    )
    environment.filters["scope"] = lambda scope: describe(scope, found)
    environment.filters["day"] = lambda at: format_date(_day(at), "long", locale=language)
    environment.filters["period"] = lambda seconds: _period(seconds, language)
    environment.filters["ours"] = Markup
    environment.globals["asset"] = _NAMES
    return environment


def _day(instant: int) -> datetime:
    return datetime.fromtimestamp(instant // 1_000_000, UTC)


def _period(seconds: int, language: str) -> str:
    """`90 days`, `30 minutes`: in whole units that a person would use."""
    if seconds >= 172800:
        return _days(seconds // 86400, language)
    span = timedelta(seconds=seconds)
    if seconds >= 7200:
        return format_timedelta(span, granularity="hour", threshold=1000, locale=language)
    if seconds >= 120:
        return format_timedelta(span, granularity="minute", threshold=1000, locale=language)
    return format_timedelta(span, granularity="second", threshold=1000, locale=language)


def _days(days: int, language: str) -> str:
    return catalogue(language).ngettext("%(count)d day", "%(count)d days", days) % {"count": days}
