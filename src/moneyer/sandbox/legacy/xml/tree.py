"""XML from anyone, taken apart without trust.

What only attackers need is refused before it can do anything: a DOCTYPE, and with it every entity but
the five that XML has; processing instructions; other encodings than UTF-8. Everything is bounded.
"""

from collections.abc import Callable
from typing import NamedTuple
from xml.parsers import expat

MAX_DEPTH = 12
MAX_ELEMENTS = 512
MAX_ATTRIBUTES = 16
MAX_NAME = 128
MAX_VALUE = 1024
"""Characters in an attribute; of a namespace too."""
MAX_TEXT = 4096


class MalformedXml(Exception):
    """No XML, or more than is taken. The message is for tests, and holds nothing that was sent."""


class Element(NamedTuple):
    """An element by its local name: prefixes, namespaces and attributes say nothing here.

    Where there are children, there is no text but blanks.
    """

    name: str
    children: list["Element"]
    text: str

    def __repr__(self) -> str:
        return "Element(…)"


def read_xml(body: bytes) -> Element:
    """The root of a document, whose size the caller has already bounded. Raises MalformedXml."""
    _require_utf_8(body)
    builder = _Builder()
    parser = expat.ParserCreate("utf-8", namespace_separator=" ")
    parser.buffer_text = True
    parser.XmlDeclHandler = _declaration
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.characters
    parser.StartDoctypeDeclHandler = _refusing("doctype")
    parser.EntityDeclHandler = _refusing("entity")
    parser.ProcessingInstructionHandler = _refusing("processing instruction")
    parser.StartNamespaceDeclHandler = builder.namespace
    try:
        parser.Parse(body, True)
    except expat.ExpatError:
        raise MalformedXml("not well formed") from None
    return builder.root()


def _require_utf_8(body: bytes) -> None:
    """Expat knows UTF-16 by its zero bytes, whatever it is told that it reads. Raises MalformedXml."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise MalformedXml("encoding") from None
    if "\0" in text:
        raise MalformedXml("encoding")


def _declaration(version: str, encoding: str | None, _standalone: int) -> None:
    if version != "1.0" or (encoding is not None and encoding.lower() != "utf-8"):
        raise MalformedXml("encoding or version")


def _refusing(what: str) -> Callable[..., None]:
    def refuse(*_what: object) -> None:
        raise MalformedXml(what)

    return refuse


class _Builder:
    """Puts the tree together, within bounds."""

    def __init__(self) -> None:
        self._open: list[tuple[str, list[Element], list[str]]] = [("", [], [])]
        self._count = 0

    def namespace(self, _prefix: str | None, uri: str | None) -> None:
        if len(uri or "") > MAX_VALUE:
            raise MalformedXml("namespace")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        local = name.rpartition(" ")[2]
        if len(self._open) > MAX_DEPTH:
            raise MalformedXml("too deep")
        if self._count > MAX_ELEMENTS or len(attributes) > MAX_ATTRIBUTES or len(local) > MAX_NAME:
            raise MalformedXml("too much structure")
        if any(len(value) > MAX_VALUE for value in attributes.values()):
            raise MalformedXml("attribute")
        self._open.append((local, [], []))

    def characters(self, text: str) -> None:
        self._open[-1][2].append(text)

    def end(self, _name: str) -> None:
        name, children, parts = self._open.pop()
        text = "".join(parts)
        if len(text) > MAX_TEXT:
            raise MalformedXml("text")
        if children and text.strip():
            raise MalformedXml("text beside elements")
        self._open[-1][1].append(Element(name, children, text))

    def root(self) -> Element:
        return self._open[0][1][0]
