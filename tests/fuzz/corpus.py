"""What hostile requests are made of."""

from dataclasses import dataclass, field

TOKEN, REVOKE = "/oauth2/v1/token", "/oauth2/v1/revoke"
FEED = "/oauth2/v1/revocations"
AUTHORIZE, AUTH_CODE = "/v1/client-authorization", "/v1/auth-code"
LEGACY = "/v1/oauth/token"
FORM = b"application/x-www-form-urlencoded"


@dataclass
class Hostile:
    """One request. `chunks` is the body as it arrives; None in it means the caller went away."""

    method: str
    path: str
    query: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes
    scheme: str = "https"
    source: str | None = "192.0.2.1"
    chunks: list[bytes | None] = field(default_factory=list)


@dataclass
class Pool:
    """What the bank has given out so far, good and stale."""

    refresh: list[tuple[str, str, str]] = field(default_factory=list)
    access: list[str] = field(default_factory=list)
    codes: list[tuple[str, str]] = field(default_factory=list)
    bearers: list[tuple[str, str]] = field(default_factory=list)


NASTY = [
    *(
        b"",
        b" ",
        b"\x00",
        b"%00",
        b"%",
        b"%%",
        b"%2",
        b"%zz",
        b"%0d%0a",
        b"\r\n",
        b"\n",
        b"\xff",
        b"\xc3",
    ),
    *(b"%c0%80", b"%ED%A0%80", b"\xef\xbb\xbf", b"%EF%BB%BF", "\u202e".encode(), b"e%CC%81", b"%C3%A9"),
    *(
        "\u0130\u0131\u212a\u00df\u200d".encode(),
        b"null",
        b"None",
        b"true",
        b"-1",
        b"1e400",
        b"NaN",
        b"[]",
    ),
    *(
        b"{}",
        b"' OR 1=1 --",
        b'"',
        b"\\",
        b"<script>alert(1)</script>",
        b"${jndi:ldap://x}",
        b"\x1b[31m",
    ),
    *(
        b"../../etc/passwd",
        b"*",
        b"&",
        b"=",
        b"&&",
        b";",
        b",",
        b"+",
        b"a,b",
        b"00016",
        b"16",
        b"00042",
    ),
    *(
        b"\xef\xbc\x90\xef\xbc\x90016",
        b"x" * 65,
        b"x" * 129,
        b"x" * 257,
        b"x" * 1025,
        b"x" * 2049,
        b"%" * 99,
    ),
    *(
        b"mrt_",
        b"mac_",
        b"mrt_00016." + b"A" * 91,
        b"mac_00016." + b"A" * 43,
        b"a.b.c",
        b"..",
        b"client:machine",
    ),
    *(b"accounts:read", b"openid", b"offline_access", b"S256", b"9" * 400, b"-", b"0", b"\xe2\x80\xa8"),
]
NAMES = [
    *("grant_type", "scopes", "scope", "username", "password", "refresh_token", "code", "redirect_uri"),
    *("code_verifier", "client_id", "client_secret", "client_assertion", "token", "token_type_hint"),
    *("institution_user_id", "requested_scopes", "nonce", "aud", "auth_time", "code_challenge"),
    *(
        "code_challenge_method",
        "resource",
        "audience",
        "__proto__",
        "constructor",
        "a[b][c]",
        "self",
        "",
    ),
]
GRANTS = [
    "client_credentials",
    "password",
    "authorization_code",
    "refresh_token",
    "implicit",
    "urn:x:y",
]
METHODS = ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "CONNECT", "BREW", "post", ""]
HEADERS = [
    *(b"x-forwarded-for", b"x-forwarded-proto", b"forwarded", b"x-http-method-override", b"connection"),
    *(
        b"institution_id",
        b"institution-id",
        b"transaction_id",
        b"di_fiid",
        b"di-fiid",
        b"di_tid",
        b"originating_ip",
        b"offering_id",
        b"cookie",
        b"origin",
        b"accept",
        b"expect",
    ),
    *(b"host", b"content-length", b"transfer-encoding", b"x-original-url", b"dpop", b"range", b"x"),
]
SCOPES = ["accounts:read", "transactions:read", "transfers:write", "openid", "nobody:has"]
