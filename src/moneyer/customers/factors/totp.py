"""One-time codes from an authenticator app (RFC 6238): six digits, thirty seconds, each once."""

import base64
import hmac
import io
import re
import secrets

import pyotp
import segno

from moneyer.protocol.clock import SECOND

SECRET_BYTES = 20
STEP = 30
"""Seconds."""
DRIFT = 1
"""How many steps the customer's clock may be off, either way (RFC 6238 section 5.2)."""

_CODE = re.compile("[0-9]{6}")


def new_secret() -> bytes:
    """160 random bits (RFC 4226 section 4, R6)."""
    return secrets.token_bytes(SECRET_BYTES)


def secret_text(secret: bytes) -> str:
    """The secret for typing: base32 in groups of four."""
    text = base64.b32encode(secret).decode()
    return " ".join(text[place : place + 4] for place in range(0, len(text), 4))


def provisioning_uri(secret: bytes, account: str, issuer: str) -> str:
    """The `otpauth:` URI that authenticator apps read."""
    generator = pyotp.TOTP(base64.b32encode(secret).decode())
    return generator.provisioning_uri(name=account, issuer_name=issuer)


def qr_svg(uri: str, title: str) -> str:
    """`uri` as a QR code: SVG markup to stand in a page, black on white whatever the page's colours."""
    drawn = io.BytesIO()
    segno.make(uri, error="m").save(
        drawn,
        kind="svg",
        xmldecl=False,
        omitsize=True,
        dark="#000",
        light="#fff",
        border=4,
        title=title,
    )
    return drawn.getvalue().decode()


def accepted_step(secret: bytes, code: str, now: int, last_step: int) -> int | None:
    """The time step that `code` belongs to, or None.

    It lies within one step of `now`, and after `last_step`: no code, and none before it, opens twice
    (NIST SP 800-63B-4 section 3.1.4.2, ASVS 6.5.1).
    """
    digits = code.replace(" ", "")
    if not _CODE.fullmatch(digits):
        return None
    generator = pyotp.TOTP(base64.b32encode(secret).decode())
    present = now // SECOND // STEP
    found: int | None = None
    for step in range(present - DRIFT, present + DRIFT + 1):
        is_equal = hmac.compare_digest(generator.generate_otp(max(step, 0)), digits)
        if is_equal and step > last_step:
            found = step
    return found
