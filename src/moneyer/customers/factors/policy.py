"""What a sign-in was worth: methods (RFC 8176) and contexts (OpenID Connect Core section 2)."""

ACR_PASSWORD = "urn:moneyer:acr:password"
"""One factor: too little for moving money (FFIEC, August 2021)."""
ACR_MFA = "urn:moneyer:acr:mfa"
"""Two factors of different kinds."""
ACR_PHR = "urn:moneyer:acr:phr"
"""Two factors, one of which no false page can take (a passkey)."""

_ORDER = (ACR_PASSWORD, ACR_MFA, ACR_PHR)
_METHODS = {"totp": ("otp",), "recovery": ("otp",), "passkey": ("hwk", "user")}
"""A recovery code is a secret good once: RFC 8176 has no closer word than `otp`."""

Amr = tuple[str, ...]


def amr_with(amr: Amr, kind: str) -> Amr:
    """The methods after a factor of `kind` was proven as well.

    A passkey that made sure of its user is two factors by itself: a device, and a code or a finger.
    """
    methods = dict.fromkeys((*(method for method in amr if method != "mfa"), *_METHODS[kind]))
    if len(methods) > 1:
        methods["mfa"] = None
    return tuple(methods)


def acr_of(amr: Amr) -> str:
    """The context that the methods amount to."""
    if "hwk" in amr:
        return ACR_PHR
    return ACR_MFA if "mfa" in amr else ACR_PASSWORD


def satisfies(acr: str, wanted: tuple[str, ...]) -> bool:
    """Whether `acr` is at least one of those wanted; true where none is. Unknown ones are never met."""
    if not wanted:
        return True
    reached = _ORDER.index(acr) if acr in _ORDER else -1
    return any(context in _ORDER and _ORDER.index(context) <= reached for context in wanted)
