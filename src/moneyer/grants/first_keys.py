"""The keys that an institution gets when its first token is asked for."""

from moneyer.audit.events import Event
from moneyer.keys.lifecycle import KeyRecord
from moneyer.store.rows import KeySet, Rows


class AddFirstKeys:
    """Stores an institution's first keys, unless another process was faster."""

    def __init__(self, institution_id: str, keys: tuple[KeyRecord, ...]) -> None:
        self.institution_id = institution_id
        self._keys = keys

    def wants(self, rows: Rows) -> None:
        rows.key_sets.want(self.institution_id, "keys")

    def decide(self, rows: Rows, now: int) -> None:
        if rows.key_sets.get(self.institution_id, "keys") is not None:
            return
        rows.key_sets.put(KeySet(self.institution_id, self._keys))
        for key in self._keys:
            rows.record(Event("key:announced", now, self.institution_id, key_id=key.kid))
