"""What stands in the place of introspection: a token's signature and claims, checked by its reader."""

import time

from bench.limit import cpu_seconds_each
from moneyer.keys.ring import Ring
from moneyer.keys.sealing import new_key
from moneyer.protocol.clock import SECOND
from moneyer.tokens.access import AccessClaims, api_audience, strike
from moneyer.tokens.verify import (
    check_signature,
    check_time_and_audience,
    find_key,
    split_token,
)

_INSTITUTION, _ISSUER = "00016", "https://bank.example/i/00016"
_SECONDS = 1.0


def verification_us() -> float:
    """CPU microseconds for one access token, in this process, without a network."""
    sealing, now = bytes(32), time.time_ns() // 1000
    ring = Ring((new_key(sealing, _INSTITUTION, "ES256", now - SECOND, now - SECOND),), sealing)
    key = ring.signing(now)
    assert key is not None
    seconds, audience = now // SECOND, api_audience(_ISSUER)
    token = strike(
        key,
        AccessClaims(
            iss=_ISSUER,
            sub="client:bench",
            aud=audience,
            exp=seconds + 1800,
            iat=seconds,
            jti="wlW3cyqVTQyHq2vTkS8Xhg",
            client_id="bench",
            scope="accounts:read",
            institution_id=_INSTITUTION,
            gty="client_credentials",
        ),
    )

    def once() -> None:
        parts = split_token(token)
        institution_id, found = find_key(parts, ((_INSTITUTION, ring),), now)
        claims = check_signature(parts, found, institution_id, _ISSUER)
        check_time_and_audience(claims, audience, now)

    return cpu_seconds_each(once, _SECONDS) * 1e6
