"""How proxies say which call they ask about: its path is what the caller wrote, as proofs name it."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moneyer.endpoints.http import Request
from moneyer.gatehouse.conventions import Asked, convention_of
from moneyer.gateway.refusals import NoRoute

AS_IT_IS = "abcXYZ019-._~!$&'()*+,;=:@/"


def asked(path: str, *headers: tuple[bytes, bytes], method: str = "GET", query: bytes = b"") -> Asked:
    convention = convention_of(path)
    assert convention is not None
    return convention(Request(method, path, query, list(headers), b"", "127.0.0.1", secure=False))


@given(st.text(AS_IT_IS, max_size=30))
def test_to_envoy_a_path_is_what_its_caller_wrote(rest: str) -> None:
    """RFC 3986 section 3.3: none of these is ever escaped for being written."""
    call = asked(f"/check/envoy/{rest}", method="POST", query=b"a=b")
    assert call == Asked("POST", f"/{rest}", b"a=b", f"/{rest}")


@given(st.text(min_size=1, max_size=10).filter(lambda text: "?" not in text and text.isprintable()))
def test_in_a_header_a_path_is_what_its_caller_wrote(segment: str) -> None:
    raw = f"/v1/{quote(segment)}"
    for path, method, uri in (
        ("/check/nginx", b"x-original-method", b"x-original-uri"),
        ("/check/traefik", b"x-forwarded-method", b"x-forwarded-uri"),
    ):
        call = asked(path, (method, b"GET"), (uri, f"{raw}?x=1".encode()))
        assert call == Asked("GET", f"/v1/{segment}", b"x=1", raw)


@pytest.mark.parametrize(
    "headers",
    [
        (),
        ((b"x-original-method", b"GET"),),
        ((b"x-original-uri", b"/a"),),
        ((b"x-original-method", b"GET"), (b"x-original-uri", b"a")),
        ((b"x-original-method", b"GET"), (b"x-original-uri", b"/a"), (b"x-original-uri", b"/b")),
    ],
)
def test_what_breaks_the_convention_is_about_no_call(headers: tuple[tuple[bytes, bytes], ...]) -> None:
    with pytest.raises(NoRoute):
        asked("/check/nginx", *headers)


def test_nobody_else_asks() -> None:
    assert convention_of("/check/haproxy") is None
    assert convention_of("/") is None
