"""One event for each decision. An event names no secret, no token and no login."""

import msgspec


class Trace(msgspec.Struct, frozen=True):
    """Where a request came from: the caller's address and its `transactionId`."""

    source: str
    transaction_id: str


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """A decision. `name` is `subject:action`; `at` is an instant in microseconds.

    Members that do not apply are left out of the stored form.
    """

    name: str
    at: int
    institution_id: str
    client_id: str = ""
    customer_id: str = ""
    grant_type: str = ""
    scope: str = ""
    reason: str = ""
    token_id: str = ""
    family_id: str = ""
    generation: int = -1
    key_id: str = ""
    source: str = ""
    transaction_id: str = ""
    detail: str = ""


encode_event = msgspec.json.Encoder().encode
"""The canonical form of an event, over which the chain is computed: JSON in order of definition."""
