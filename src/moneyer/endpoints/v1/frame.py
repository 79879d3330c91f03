"""The frame around the legacy endpoints: the headers have other names, the answers are XML."""

import ipaddress

from moneyer.dialects.v1 import V1
from moneyer.endpoints.call import BASIC_CHALLENGE, Call
from moneyer.endpoints.http import READ_ONCE
from moneyer.protocol.failures import BadOriginatingIp


class LegacyCall(Call):
    """One call of a legacy endpoint."""

    dialect = V1
    institution_header = b"di_fiid"
    transaction_header = b"di_tid"
    transaction_id_is = "needed"
    read_once = READ_ONCE | {b"di_fiid", b"di_tid", b"originating_ip", b"offering_id"}

    def open(self, *methods: str) -> None:
        """As every endpoint. `originating_ip` has to be an address and is believed no further: anyone
        may write it. `offering_id` may stand once and is not read."""
        super().open(*methods)
        originating_ip = self.headers.get(b"originating_ip")
        if originating_ip is not None:
            require_address(originating_ip.decode("latin-1"))

    def challenge(self, failure: Exception) -> bytes:
        """Every 401 says how to prove oneself (RFC 9110 section 11.6.1), and nothing else does."""
        return BASIC_CHALLENGE if self.dialect.words_for(failure).status == 401 else b""


def require_address(text: str) -> None:
    """Raises BadOriginatingIp unless `text` is an IPv4 or IPv6 address, without a zone."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        raise BadOriginatingIp("originating-ip-malformed") from None
    if "%" in text:
        raise BadOriginatingIp("originating-ip-with-zone")
