"""What a gateway has to know of an institution besides its keys, signed by one of them.

A gateway that follows bulletins checks access tokens without asking anyone (ADR 0010).
"""

import msgspec

from moneyer.keys.ring import SigningKey

TYPE = "revocations+jwt"


class Bulletin(msgspec.Struct, frozen=True, omit_defaults=True):
    """The claims of one bulletin. `iat` in seconds; `version` is the directory's that `keys` and
    `applications` were read from.

    `keys` are the ids of the keys that hold, `applications` the ids of those that may act here,
    `legacy` of those that may at the legacy APIs; None: as before. What follows has ended: access
    tokens by their `jti`, families by their `sid`, each with the second after which none of its tokens
    lives anyway; and tokens of subjects, and of subjects with one application (`client_id sub`), that
    belong to no family and were struck before an instant in microseconds, each as that instant and such
    a second. A `whole` bulletin names all, another adds.
    """

    iss: str
    iat: int
    version: int = -1
    whole: bool = False
    keys: tuple[str, ...] | None = None
    applications: tuple[str, ...] | None = None
    legacy: tuple[str, ...] | None = None
    tokens: dict[str, int] = {}
    families: dict[str, int] = {}
    subjects: dict[str, tuple[int, int]] = {}
    consents: dict[str, tuple[int, int]] = {}


_encode = msgspec.json.Encoder().encode
read_bulletin = msgspec.json.Decoder(Bulletin).decode


def strike_bulletin(key: SigningKey, bulletin: Bulletin) -> str:
    """The signed compact bulletin."""
    return key.compact(key.header(TYPE), _encode(bulletin)).decode()


def consent_name(client_id: str, subject: str) -> str:
    """What a subject's consent to one application is called in a bulletin."""
    return f"{client_id} {subject}"
