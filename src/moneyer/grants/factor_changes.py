"""Adding and removing a customer's factors."""

import msgspec

from moneyer.audit.events import Event
from moneyer.customers.factors.factor import Factor
from moneyer.protocol.failures import BadRequest
from moneyer.store.rows import Rows


class AddFactors:
    """Writes new factors, over removed ones of the same id.

    Raises BadRequest for one that is another's, or lives already; new recovery codes replace the old.
    """

    def __init__(self, institution_id: str, factors: tuple[Factor, ...], event: Event) -> None:
        self.institution_id = institution_id
        self._factors = factors
        self._event = event

    def wants(self, rows: Rows) -> None:
        for factor in self._factors:
            rows.factors.want(self.institution_id, factor.factor_id)

    def decide(self, rows: Rows, now: int) -> None:
        for factor in self._factors:
            before = rows.factors.get(self.institution_id, factor.factor_id)
            if before is not None:
                is_live = before.status == "live" and before.kind != "recovery"
                if before.customer_id != factor.customer_id or is_live:
                    raise BadRequest("factor-exists")
        for factor in self._factors:
            rows.factors.put(factor)
            detail = f"{factor.kind}:{factor.factor_id[:40]}"
            rows.record(msgspec.structs.replace(self._event, detail=detail))


class RemoveFactor:
    """Takes a factor away. Gives whether there was one of this customer's."""

    def __init__(self, institution_id: str, customer_id: str, factor_id: str, event: Event) -> None:
        self.institution_id = institution_id
        self._customer_id = customer_id
        self._factor_id = factor_id
        self._event = event

    def wants(self, rows: Rows) -> None:
        rows.factors.want(self.institution_id, self._factor_id)

    def decide(self, rows: Rows, now: int) -> bool:
        factor = rows.factors.get(self.institution_id, self._factor_id)
        if factor is None or factor.customer_id != self._customer_id or factor.status != "live":
            return False
        rows.factors.put(msgspec.structs.replace(factor, status="removed", sealed=b""))
        detail = f"{factor.kind}:{factor.factor_id[:40]}"
        rows.record(msgspec.structs.replace(self._event, detail=detail))
        return True
