"""Institutions, applications and keys, held in memory as one immutable snapshot with a version."""

from collections.abc import Iterable, Mapping
from functools import cached_property

from moneyer.applications.application import Application
from moneyer.applications.secrets import SecretSlot
from moneyer.institutions.institution import Institution
from moneyer.keys.ring import Ring


class Snapshot:
    """Everything that is read on every request and changed by operators. Never changed in place."""

    def __init__(
        self,
        version: int,
        institutions: Mapping[str, Institution],
        applications: Mapping[str, Application],
        secrets: Mapping[str, tuple[SecretSlot, ...]],
        rings: Mapping[str, Ring],
    ) -> None:
        self.version = version
        self._institutions = institutions
        self._applications = applications
        self._secrets = secrets
        self._rings = rings

    def institution(self, institution_id: str) -> Institution | None:
        return self._institutions.get(institution_id)

    def application(self, client_id: str) -> Application | None:
        return self._applications.get(client_id)

    def secrets_of(self, client_id: str) -> tuple[SecretSlot, ...]:
        """The live secrets of an application; () when there is no such application."""
        return self._secrets.get(client_id, ())

    def ring(self, institution_id: str) -> Ring | None:
        """The keys of an institution; None before its first token."""
        return self._rings.get(institution_id)

    def rings(self) -> Iterable[tuple[str, Ring]]:
        return self._rings.items()

    @cached_property
    def by_origin(self) -> Mapping[str, tuple[Application, ...]]:
        """Whose scripts may call from an origin."""
        found: dict[str, tuple[Application, ...]] = {}
        for application in self._applications.values():
            for origin in application.origins:
                found[origin] = (*found.get(origin, ()), application)
        return found

    def applications(self) -> Iterable[Application]:
        return self._applications.values()


EMPTY = Snapshot(-1, {}, {}, {}, {})
