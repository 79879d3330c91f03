"""An id_token of ours that comes back: as a hint who is meant, or who wants to sign out."""

from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature

from moneyer.grants.mint import Mint
from moneyer.institutions.institution import Institution
from moneyer.protocol import base64url
from moneyer.protocol.failures import BadBearer, SentBack
from moneyer.tokens.verify import split_token


class Hint(msgspec.Struct, frozen=True):
    """What an id_token says that matters here; it may have expired."""

    iss: str
    sub: str
    aud: str | tuple[str, ...]
    sid: str = ""

    def __repr__(self) -> str:
        return "Hint(…)"

    def is_for(self, client_id: str) -> bool:
        return client_id in ((self.aud,) if isinstance(self.aud, str) else self.aud)


def read_hint(mint: Mint, institution: Institution, text: str) -> Hint | None:
    """The id_token, if this issuer signed it, however long ago; None for anything else."""
    ring = mint.snapshot.ring(institution.institution_id)
    try:
        parts = split_token(text)
        key = (
            next((key for key in ring.keys if key.id_token_header == parts.header), None)
            if ring
            else None
        )
        if key is None:
            return None
        key.verify(base64url.decode(parts.signature), parts.signed)
        hint: Any = msgspec.json.decode(base64url.decode(parts.payload), type=Hint)
    except (BadBearer, InvalidSignature, ValueError):
        return None
    found: Hint = hint
    return found if found.iss == mint.issuer(institution.institution_id) else None


def subject_of_hint(mint: Mint, institution: Institution, text: str, client_id: str) -> str:
    """Whom an application names by an id_token of its own.

    Raises SentBack for one that is not ours or was not its own (OpenID Connect Core 3.1.2.1).
    """
    hint = read_hint(mint, institution, text)
    if hint is None or not hint.is_for(client_id):
        raise SentBack("invalid_request", "hint-not-ours", "id_token_hint is not one of ours")
    return hint.sub
