"""The hash chain of a writer: every event vouches for all before it.

digest[n] = SHA-256(0x00 ‖ digest[n-1] ‖ event[n]),  digest[0] = 32 zero bytes
"""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from moneyer.audit.events import Event, encode_event

GENESIS = bytes(32)


class Head(msgspec.Struct, frozen=True):
    """The end of a writer's chain: how many events it has, and the digest of the last."""

    writer: str
    sequence: int = 0
    digest: bytes = GENESIS


class Link(NamedTuple):
    """An event in its place, as it is stored."""

    institution_id: str
    writer: str
    sequence: int
    at: int
    name: str
    body: bytes
    digest: bytes


class BrokenChain(Exception):
    """The first link that does not follow from the one before it."""

    def __init__(self, link: Link) -> None:
        super().__init__(f"event {link.sequence} of writer {link.writer} does not follow")
        self.link = link


def digest_of(previous: bytes, body: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + previous + body).digest()


def extend(head: Head, events: Iterable[Event]) -> tuple[Head, list[Link]]:
    """The links for `events` behind `head`, and the new head."""
    links: list[Link] = []
    sequence, digest = head.sequence, head.digest
    for event in events:
        body = encode_event(event)
        sequence += 1
        digest = digest_of(digest, body)
        links.append(
            Link(event.institution_id, head.writer, sequence, event.at, event.name, body, digest)
        )
    return Head(head.writer, sequence, digest), links


def verify_chain(links: Iterable[Link], head: Head) -> None:
    """Raises BrokenChain unless `links`, in order, are a whole chain that ends in `head`."""
    sequence, digest = 0, GENESIS
    for link in links:
        digest = digest_of(digest, link.body)
        sequence += 1
        in_place = (link.writer, link.sequence, link.digest) == (head.writer, sequence, digest)
        if not in_place or not _columns_agree(link):
            raise BrokenChain(link)
    if (sequence, digest) != (head.sequence, head.digest):
        raise BrokenChain(Link("", head.writer, sequence + 1, 0, "", b"", digest))


def _columns_agree(link: Link) -> bool:
    """Whether the columns that events are found by say what the body says, which the digest covers."""
    try:
        event = msgspec.json.decode(link.body, type=Event)
    except msgspec.DecodeError:
        return False
    return (link.institution_id, link.at, link.name) == (event.institution_id, event.at, event.name)
