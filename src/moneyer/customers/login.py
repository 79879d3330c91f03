"""The canonical form of a login id: two spellings a person cannot tell apart are one login."""

import re
from unicodedata import category, normalize

from moneyer.protocol.failures import BadParameter

MAX_BYTES = 256

_REFUSED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Controls, invisible and direction marks, surrogates, private and unassigned characters."""

_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters and marks that do not show either: fillers, joiners and variation selectors (Unicode's
Default_Ignorable_Code_Point, where the category does not say so), and the blank braille pattern."""


def canonical_login(login_id: str) -> str:
    """The key under which `login_id` is registered and found: its compatibility caseless form.

    Raises BadParameter for nothing, more than 256 bytes, blanks at either end, and characters that do
    not show; the key itself passes the same checks. In the manner of the UsernameCaseMapped profile
    (RFC 8265 section 3.3), folded as Unicode's section 3.13 (D146) has it.
    """
    _require_visible(login_id)
    if login_id.isascii():
        return login_id.lower()
    folded = normalize("NFKC", normalize("NFD", login_id).casefold())
    key = normalize("NFKC", folded.casefold())
    _require_visible(key)
    return key


def _require_visible(text: str) -> None:
    """Raises BadParameter unless `text` has a fitting length and shows every character."""
    if not text or len(text.encode()) > MAX_BYTES:
        raise BadParameter("username", "length")
    if text != text.strip():
        raise BadParameter("username", "blank-at-end")
    if text.isascii() and text.isprintable():
        return
    if _UNSEEN.search(text) or any(category(character) in _REFUSED for character in text):
        raise BadParameter("username", "character")
