"""A caller's certificate as its proxy passes it on in a header."""

import binascii
import ssl
from urllib.parse import unquote

from moneyer.endpoints.http import RawHeaders

MAX_LENGTH = 16 * 1024


def certificate_in(headers: RawHeaders, name: bytes) -> bytes | None:
    """The certificate in DER; None where there is none, or none that can be read.

    It is PEM with its special characters escaped (nginx: `$ssl_client_escaped_cert`) or base64 of DER
    (Traefik, HAProxy's `ssl_c_der,base64`); of a chain the first is the caller's.
    """
    sent = [value for key, value in headers if key == name and value]
    if len(sent) != 1 or len(sent[0]) > MAX_LENGTH or not sent[0].isascii():
        return None
    text = unquote(sent[0].decode())
    try:
        if "-----BEGIN" in text:
            return ssl.PEM_cert_to_DER_cert(text)
        return binascii.a2b_base64(text.partition(",")[0].encode(), strict_mode=True)
    except ValueError:
        return None
