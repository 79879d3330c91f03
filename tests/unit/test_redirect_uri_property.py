"""Which redirect URIs may be registered."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moneyer.protocol.redirect_uri import check_redirect_uri

GOOD = [
    "https://app.bank.example/cb",
    "https://app.bank.example",
    "https://app.bank.example/",
    "https://app.bank.example/cb?tenant=1&x=%20y",
    "https://app.bank.example:8443/cb",
    "https://app.bank.example/a..b/.well-known/cb",
    "http://127.0.0.1/cb",
    "http://127.0.0.1:53124/cb",
    "http://[::1]:53124/cb",
    "https://xn--bnk-sna.example/cb",
]

BAD = [
    "",
    "/cb",
    "app.bank.example/cb",
    "//app.bank.example/cb",
    "///app.bank.example/cb",
    "https:app.bank.example/cb",
    "https:/app.bank.example/cb",
    "https:///app.bank.example/cb",
    "https:\\\\app.bank.example\\cb",
    "https://app.bank.example\\@evil.example/cb",
    "https://app.bank.example@evil.example/cb",
    "https://app.bank.example:@evil.example/cb",
    "https://user:word@app.bank.example/cb",
    "https://@app.bank.example/cb",
    "https://app.bank.example/cb#",
    "https://app.bank.example/cb#fragment",
    "https://*.bank.example/cb",
    "https://app.bank.example/*",
    "https://app.bank.example/../cb",
    "https://app.bank.example/a/./cb",
    "https://app.bank.example/cb/..",
    "https://app.bank.example/cb/%2e%2e/evil",
    "https://app.bank.example/.%2E/evil",
    "https://app.bank.example/%2e/cb",
    "https://app.bank.example:port/cb",
    "https://app.bank.example:99999/cb",
    "https://app.bank.example:-1/cb",
    "https://app.bank.example%2eevil.example/cb",
    "https://app.bank.example%00.evil.example/cb",
    "https://app.bank.example./cb",
    "https://app..bank.example/cb",
    "https://.bank.example/cb",
    "https://app_bank.example/cb",
    "https://app.bank.example。evil.example/cb",
    "https://bänk.example/cb",
    "https://app.bank.example{.evil.example/cb",
    "https://app.bank.example,evil.example/cb",
    "https://app.bank.example;.evil.example/cb",
    "https://app.bank.example/c b",
    "https://app.bank.example/cb\n",
    " https://app.bank.example/cb",
    "\thttps://app.bank.example/cb",
    "ht\ntps://app.bank.example/cb",
    "https://app.bank.example/cb%",
    "https://app.bank.example/cb%zz",
    "https://[::ffff:1.2.3.4]/cb",
    "https://[::1/cb",
    "https://?x",
    "https://:443/cb",
    "http://app.bank.example/cb",
    "http://localhost/cb",
    "http://localhost.evil.example/cb",
    "http://127.0.0.1.evil.example/cb",
    "http://0/cb",
    "http://2130706433/cb",
    "http://0x7f.1/cb",
    "http://127.1/cb",
    "http://user@127.0.0.1/cb",
    "http://[::ffff:127.0.0.1]/cb",
    "ftp://app.bank.example/cb",
    "javascript:alert(1)//https://app.bank.example/cb",
    "data:text/html,x",
    "vbscript:x",
    "https://app.bank.example/" + "a" * 2048,
]


@pytest.mark.parametrize("uri", GOOD)
def test_an_absolute_https_uri_or_a_loopback_one_may_be_registered(uri: str) -> None:
    assert check_redirect_uri(uri) == uri


@pytest.mark.requirement("AC-04", "BC-04", "NA-02")
@pytest.mark.parametrize("uri", BAD)
def test_every_other_uri_is_refused_with_a_reason(uri: str) -> None:
    with pytest.raises(ValueError, match="redirect URI"):
        check_redirect_uri(uri)


PIECES = ["https:", "http:", "//", "/", "app.bank.example", "evil.example", "127.0.0.1", "[::1]", "@"]
PIECES += [":", "443", "?", "#", "..", ".", "%2e", "%2F", "%00", "\\", " ", "*", "。", "cb", "&", "x=1"]


@given(st.one_of(st.lists(st.sampled_from(PIECES), max_size=9).map("".join), st.text(max_size=30)))
@settings(deadline=None, max_examples=2000)
def test_what_may_be_registered_leads_to_one_host_over_tls_or_to_this_machine(uri: str) -> None:
    try:
        check_redirect_uri(uri)
    except ValueError:
        return
    parts = urlsplit(uri)
    scheme, _, rest = uri.partition("://")
    authority = rest.partition("/")[0].partition("?")[0]
    assert authority == parts.netloc
    assert uri.isascii()
    assert uri.isprintable()
    assert not set(uri) & set("@#\\* ") - set("@" if "@" not in authority else "")
    host = authority.rpartition(":")[0] if authority[-1:].isdigit() and ":" in authority else authority
    if scheme.lower() == "http":
        assert parts.hostname in {"127.0.0.1", "::1"}
    else:
        assert scheme.lower() == "https"
        assert all(label and label.strip("-") == label for label in host.lower().split("."))
