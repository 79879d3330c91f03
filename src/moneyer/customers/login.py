"""The canonical form of a login id: two spellings a person cannot tell apart are one login."""

import unicodedata

from moneyer.protocol.failures import BadParameter

MAX_BYTES = 256

_REFUSED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Controls, invisible and direction marks, surrogates, private and unassigned characters."""


def canonical_login(login_id: str) -> str:
    """The key under which `login_id` is registered and found: NFKC, then case folded, then NFKC.

    Raises BadParameter for nothing, more than 256 bytes, blanks at either end, and characters that do
    not show. In the manner of the UsernameCaseMapped profile (RFC 8265 section 3.3).
    """
    if not login_id or len(login_id.encode()) > MAX_BYTES:
        raise BadParameter("username", "length")
    if login_id != login_id.strip():
        raise BadParameter("username", "blank-at-end")
    if login_id.isascii() and login_id.isprintable():
        return login_id.lower()
    key = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", login_id).casefold())
    if any(unicodedata.category(character) in _REFUSED for character in login_id + key):
        raise BadParameter("username", "character")
    return key
