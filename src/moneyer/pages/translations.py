"""English and Spanish: messages from a gettext catalogue, read once at start."""

from functools import lru_cache
from importlib import resources

from babel.messages.pofile import read_po

LANGUAGES = ("en", "es")


class Catalogue:
    """Messages in one language; what has no translation stays English."""

    def __init__(self, messages: dict[str, tuple[str, ...]]) -> None:
        self._messages = messages

    def gettext(self, message: str) -> str:
        return self._messages.get(message, (message,))[0] or message

    def ngettext(self, one: str, many: str, count: int) -> str:
        forms = self._messages.get(one, (one, many))
        return forms[0 if count == 1 else -1]


@lru_cache
def catalogue(language: str) -> Catalogue:
    """The messages of `language`, one of LANGUAGES."""
    if language == "en":
        return Catalogue({})
    file = resources.files("moneyer.pages") / "locale" / f"{language}.po"
    messages: dict[str, tuple[str, ...]] = {}
    with file.open("rb") as stream:
        for message in read_po(stream):
            one = message.id if isinstance(message.id, str) else message.id[0]
            said = message.string
            if one and said:
                messages[one] = (said,) if isinstance(said, str) else tuple(said)
    return Catalogue(messages)


def pick_language(ui_locales: str, accept_language: str) -> str:
    """The first of `ui_locales` (blank separated, OpenID Connect Core section 3.1.2.1), then of
    `Accept-Language` by weight (RFC 9110 section 12.5.4), that is spoken here; else English."""
    for tag in ui_locales.split()[:10]:
        if (language := tag.partition("-")[0].lower()) in LANGUAGES:
            return language
    weighed = []
    for place, part in enumerate(accept_language.split(",")[:20]):
        tag, _, weight = part.strip().partition(";q=")
        try:
            quality = float(weight or 1)
        except ValueError:
            continue
        weighed.append((-quality, place, tag.partition("-")[0].lower()))
    for _, _, language in sorted(weighed):
        if language in LANGUAGES:
            return language
    return "en"
