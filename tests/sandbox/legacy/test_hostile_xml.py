"""XML that means harm is refused before it does any; XML of old clients is read as they mean it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moneyer.sandbox.legacy.calls.send_event import DataMap, MapEntry, SentEvent
from moneyer.sandbox.legacy.xml.reading import plain_of
from moneyer.sandbox.legacy.xml.tree import (
    MAX_ATTRIBUTES,
    MAX_DEPTH,
    MAX_ELEMENTS,
    MAX_NAME,
    MAX_TEXT,
    MAX_VALUE,
    Element,
    MalformedXml,
    read_xml,
)
from moneyer.sandbox.legacy.xml.writing import write_xml
from tests.sandbox.legacy.window import Window

LAUGHS = '<!DOCTYPE a [<!ENTITY l "lol">' + "".join(
    f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' if n > 1 else f'<!ENTITY l1 "{"&l;" * 10}">'
    for n in range(1, 10)
)

ATTRIBUTES = " ".join(f'b{n}=""' for n in range(MAX_ATTRIBUTES + 1))

HOSTILE: dict[str, bytes] = {
    "billion laughs": f"{LAUGHS}]><a>&l9;</a>".encode(),
    "quadratic blow-up": f'<!DOCTYPE a [<!ENTITY b "{"b" * 9000}">]><a>{"&b;" * 3000}</a>'.encode(),
    "external entity": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    "external entity over the network": b'<!DOCTYPE a [<!ENTITY x SYSTEM "http://[::1]/x">]><a>&x;</a>',
    "parameter entity": b'<!DOCTYPE a [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><a/>',
    "external subset": b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
    "public subset": b'<!DOCTYPE a PUBLIC "-//X//X//EN" "http://[::1]/x.dtd"><a/>',
    "a doctype that does nothing": b"<!DOCTYPE a><a/>",
    "undefined entity": b"<a>&nobody;</a>",
    "style sheet": b'<?xml-stylesheet href="http://[::1]/x.xsl"?><a/>',
    "processing instruction": b"<a><?php system('id') ?></a>",
    "deep nesting": b"<a>" * 5000 + b"</a>" * 5000,
    "one level too deep": b"<a>" * (MAX_DEPTH + 1) + b"</a>" * (MAX_DEPTH + 1),
    "very many elements": b"<a>" + b"<b/>" * MAX_ELEMENTS + b"</a>",
    "huge attribute": f'<a b="{"c" * (MAX_VALUE + 1)}"/>'.encode(),
    "very many attributes": f"<a {ATTRIBUTES}/>".encode(),
    "attribute twice": b'<a b="1" b="2"/>',
    "huge namespace": f'<a xmlns="{"c" * (MAX_VALUE + 1)}"/>'.encode(),
    "undeclared prefix": b"<n:a/>",
    "huge name": b"<" + b"a" * (MAX_NAME + 1) + b"/>",
    "huge text": f"<a>{'b' * (MAX_TEXT + 1)}</a>".encode(),
    "huge text in pieces": f"<a>{'b<!-- -->' * (MAX_TEXT + 1)}</a>".encode(),
    "text beside elements": b"<a>b<c/></a>",
    "Latin-1 by its own word": '<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>'.encode("latin-1"),
    "UTF-7": b'<?xml version="1.0" encoding="UTF-7"?><a>+ADw-</a>',
    "UTF-16": '<?xml version="1.0" encoding="UTF-16"?><a/>'.encode("utf-16"),
    "UTF-16 without a word": "<a/>".encode("utf-16-be"),
    "UTF-32": "<a/>".encode("utf-32"),
    "EBCDIC": '<?xml version="1.0" encoding="cp037"?><a/>'.encode("cp037"),
    "not UTF-8": b"<a>\xff\xfe</a>",
    "overlong UTF-8": b"<a>\xc0\xbc</a>",
    "a surrogate": b"<a>\xed\xa0\x80</a>",
    "NUL": b"<a>\x00</a>",
    "NUL by its number": b"<a>&#0;</a>",
    "two roots": b"<a/><b/>",
    "nothing": b"",
    "JSON": b'{"a": 1}',
    "cut short": b"<a><b>",
    "another version": b'<?xml version="9.9"?><a/>',
}


@pytest.mark.requirement("V1-09")
@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_means_harm_is_no_xml(body: bytes) -> None:
    with pytest.raises(MalformedXml) as caught:
        read_xml(body)
    assert caught.value.__cause__ is None


@pytest.mark.requirement("V1-09")
@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
async def test_who_sends_it_is_told_that_the_body_is_invalid(window: Window, body: bytes) -> None:
    before = window.books.state.count
    for name in ("registerUser", "sendEvent"):
        said = await window.ask(name, body=body, headers={"content-type": "text/xml"})
        assert said.refusal == (400, "90002", "Body invalid", "APP_ERROR")
    assert window.books.state.count == before


def test_a_bomb_is_refused_before_its_first_entity_is_declared() -> None:
    for name in ("billion laughs", "quadratic blow-up", "external entity", "parameter entity"):
        with pytest.raises(MalformedXml, match="doctype"):
            read_xml(HOSTILE[name])


def test_prefixes_comments_sections_and_references_are_read_as_meant() -> None:
    body = (
        '\ufeff<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n<!-- from a client -->'
        '<n:a xmlns:n="urn:x" xmlns="urn:y" n:kind="k">\n  <b>&lt;&amp;&#x263A;</b>\n'
        "  <n:b><![CDATA[<c/>]]> &quot;</n:b><b/>\n</n:a>\n"
    )
    assert read_xml(body.encode()) == Element(
        "a",
        [Element("b", [], "<&☺"), Element("b", [], '<c/> "'), Element("b", [], "")],
        "\n  \n  \n",
    )


def test_what_is_at_the_bounds_is_taken() -> None:
    read_xml(b"<a>" * MAX_DEPTH + b"</a>" * MAX_DEPTH)
    read_xml(b"<a>" + b"<b/>" * (MAX_ELEMENTS - 1) + b"</a>")
    read_xml(f'<a b="{"c" * MAX_VALUE}">{"b" * MAX_TEXT}</a>'.encode())


@given(st.binary(max_size=400) | st.text("<>/&;![]?'\"=a \u00e9", max_size=200).map(str.encode))
def test_bytes_are_xml_or_malformed_and_nothing_else(body: bytes) -> None:
    try:
        root = read_xml(body)
    except MalformedXml:
        return
    assert root.name


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")))
def test_what_is_written_is_read_back(text: str) -> None:
    """Whatever it looks like, in any script; what is empty is left out."""
    sent = SentEvent(
        "KIND", data_map=(DataMap((MapEntry("message", text), MapEntry("</map>", "]]>"))),)
    )
    element = read_xml(write_xml("Event", sent))
    assert msgspec.convert(plain_of(element, SentEvent), SentEvent) == sent
