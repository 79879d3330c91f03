"""What was ordered: `name[=argument][, name…]`, read against the catalogue."""

import re
from collections.abc import Mapping

from moneyer.sandbox.faults.fault import Fault, Ordered

HEADER = b"moneyer-fault"
MOST_BYTES = 512
MOST_FAULTS = 8

_PART = re.compile(r"([a-z0-9-]{1,64})(?:=(-?[0-9]{1,9}))?")


class BadOrder(Exception):
    """Nothing can be ordered like that; the message says why, and never what was sent."""


def read_order(text: str, known: Mapping[str, Fault]) -> tuple[Ordered, ...]:
    """The faults in the order of the catalogue. Raises BadOrder."""
    if len(text) > MOST_BYTES:
        raise BadOrder(f"an order has at most {MOST_BYTES} bytes")
    parts = text.split(",")
    if len(parts) > MOST_FAULTS:
        raise BadOrder(f"an order has at most {MOST_FAULTS} faults")
    ordered = {}
    for part in parts:
        found = _PART.fullmatch(part.strip(" \t"))
        if found is None:
            raise BadOrder("an order is name, or name=number, separated by commas")
        fault = known.get(found[1])
        if fault is None:
            raise BadOrder("there is no such fault")
        if fault.name in ordered:
            raise BadOrder(f"{fault.name} stands twice")
        ordered[fault.name] = Ordered(fault, _argument(fault, found[2]))
    if sum(one.fault.answers for one in ordered.values()) > 1:
        raise BadOrder("only one fault can be the answer")
    return tuple(ordered[name] for name in known if name in ordered)


def _argument(fault: Fault, text: str | None) -> int:
    """Raises BadOrder."""
    wanted = fault.argument
    if wanted is None:
        if text is not None:
            raise BadOrder(f"{fault.name} takes no number")
        return 0
    number = wanted.default if text is None else int(text)
    if number is None or not wanted.least <= number <= wanted.most:
        raise BadOrder(f"{fault.usage} takes a number from {wanted.least} to {wanted.most}")
    return number
