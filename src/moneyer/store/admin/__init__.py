"""What operators change: institutions, applications, secrets, customers, keys.

Every change is one transaction with its audit event; a change that servers must see raises the
directory's version. Works beside a running server. Unlike the hot path, this is SQLAlchemy Core.
"""

from sqlalchemy import Engine

from moneyer.protocol.clock import Clock
from moneyer.store.admin.applications import ApplicationDesk
from moneyer.store.admin.customers import CustomerDesk
from moneyer.store.admin.desk import AdminError
from moneyer.store.admin.institutions import InstitutionDesk
from moneyer.store.engine import clock_of

__all__ = ["Admin", "AdminError"]


class Admin:
    """The operators' side of the store, a desk for each noun."""

    def __init__(
        self, engine: Engine, clock: Clock | None = None, writer: str = "command-line"
    ) -> None:
        clock = clock or clock_of(engine)
        self.institutions = InstitutionDesk(engine, clock, writer)
        self.applications = ApplicationDesk(engine, clock, writer)
        self.customers = CustomerDesk(engine, clock, writer)
