"""Filling an empty data folder with the sandbox's cast, and finding it again at the next start."""

import os
from pathlib import Path

import msgspec

from moneyer.applications.application import Application
from moneyer.customers.customer import Customer
from moneyer.customers.login import canonical_login
from moneyer.customers.passwords import PasswordHasher
from moneyer.institutions.institution import issuer_of
from moneyer.keys.sealing import ServerKeys, derive, new_master_key_file, parse_master_key
from moneyer.protocol.clock import SystemClock
from moneyer.sandbox.bank.books.journal import NAME as JOURNAL
from moneyer.sandbox.cast import (
    DEMO,
    INSTITUTIONS,
    RESIDENTS,
    Resident,
    applications,
    demo_callbacks,
)
from moneyer.sandbox.faults.standing import LOCK, ORDERS
from moneyer.store.admin import Admin
from moneyer.store.engine import Engine, opened
from moneyer.store.upgrade import upgrade


class InstitutionCard(msgspec.Struct, frozen=True):
    id: str
    name: str
    issuer: str


class ApplicationCard(msgspec.Struct, frozen=True):
    name: str
    client_id: str
    client_secret: str
    grants: tuple[str, ...]
    scopes: tuple[str, ...]
    institutions: tuple[str, ...]
    redirect_uris: tuple[str, ...]


class CustomerCard(msgspec.Struct, frozen=True):
    institution: str
    login_id: str
    password: str
    type: str
    host_user_id: str
    institution_user_id: str
    institution_customer_ids: tuple[str, ...]


class SandboxFile(msgspec.Struct, frozen=True):
    """`sandbox.json`: everything a program needs to use the sandbox. Its members are a contract."""

    base_url: str
    institutions: tuple[InstitutionCard, ...]
    applications: tuple[ApplicationCard, ...]
    customers: tuple[CustomerCard, ...]


class SandboxFolder:
    """The data folder of a sandbox."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = path / "moneyer.db"
        self.master_key = path / "master.key"
        self.card = path / "sandbox.json"

    @property
    def is_seeded(self) -> bool:
        """`sandbox.json` is written last, so where it stands the rest stands too.

        One from before one of the cast was added is seeded anew.
        """
        if not all(file.exists() for file in (self.card, self.database, self.master_key)):
            return False
        card = self.card.read_text()
        return all(f'"{a.client_id}"' in card for a in applications(0, ""))

    def clear(self) -> None:
        """Deletes what a sandbox writes here, and nothing else."""
        for name in (
            "moneyer.db",
            "moneyer.db-wal",
            "moneyer.db-shm",
            "master.key",
            "sandbox.json",
            JOURNAL,
            ORDERS,
            LOCK,
        ):
            (self.path / name).unlink(missing_ok=True)

    def prepare(self, base_url: str) -> SandboxFile:
        """The sandbox's card, after seeding the folder where that has not been done.

        What an interrupted first start left behind is cleared away; a finished sandbox is kept, its
        schema brought up to date.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        if not self.is_seeded:
            self.clear()
            return self._seed(base_url)
        with opened(self.database) as engine:
            upgrade(engine)
            _move_demo(engine, base_url)
        card = msgspec.json.decode(self.card.read_bytes(), type=SandboxFile)
        card = msgspec.structs.replace(
            card, base_url=base_url, institutions=_institution_cards(base_url)
        )
        self._write(card)
        return card

    def _seed(self, base_url: str) -> SandboxFile:
        new_master_key_file(self.master_key)
        keys = derive(parse_master_key(self.master_key.read_text()))
        self.database.touch(mode=0o600)
        with opened(self.database) as engine:
            upgrade(engine)
            card = populate(engine, keys, base_url)
        self._write(card)
        return card

    def _write(self, card: SandboxFile) -> None:
        """Writes the card whole or not at all."""
        draft = self.card.with_suffix(".new")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(card), indent=2) + b"\n")
        draft.rename(self.card)


def _move_demo(engine: Engine, base_url: str) -> None:
    """Lets the demo's sign-in and sign-out end where the sandbox now serves."""
    desk = Admin(engine, SystemClock(), writer="sandbox").applications
    registered = desk.get(DEMO)
    moved = msgspec.structs.replace(
        registered,
        redirect_uris=demo_callbacks(base_url),
        post_logout_redirect_uris=(f"{base_url}/demo",),
    )
    if moved != registered:
        desk.save(moved)


def populate(engine: Engine, keys: ServerKeys, base_url: str) -> SandboxFile:
    """Adds the cast to a database that is migrated and empty. Gives its card."""
    clock = SystemClock()
    admin = Admin(engine, clock, writer="sandbox")
    for institution in INSTITUTIONS:
        admin.institutions.add(institution)
    cards = tuple(
        _application_card(application, admin.applications.add(application, keys.client_secret))
        for application in applications(clock.now(), base_url)
    )
    hasher = PasswordHasher(keys.pepper)
    for resident in RESIDENTS:
        admin.customers.add(_customer(resident, hasher))
    customers = tuple(
        CustomerCard(
            resident.institution_id,
            resident.login_id,
            resident.password,
            resident.type,
            resident.host_user_id,
            resident.customer_id,
            resident.businesses,
        )
        for resident in RESIDENTS
    )
    return SandboxFile(base_url, _institution_cards(base_url), cards, customers)


def _institution_cards(base_url: str) -> tuple[InstitutionCard, ...]:
    return tuple(
        InstitutionCard(
            institution.institution_id,
            institution.name,
            issuer_of(base_url, institution.institution_id),
        )
        for institution in INSTITUTIONS
    )


def _application_card(application: Application, secret: str) -> ApplicationCard:
    return ApplicationCard(
        application.name,
        application.client_id,
        secret,
        application.grants,
        application.scopes,
        application.institutions,
        application.redirect_uris,
    )


def _customer(resident: Resident, hasher: PasswordHasher) -> Customer:
    return Customer(
        resident.institution_id,
        resident.customer_id,
        resident.login_id,
        canonical_login(resident.login_id),
        resident.host_user_id,
        resident.type,
        member_number=resident.member_number,
        person=resident.person,
        businesses=resident.businesses,
        password_hash=hasher.hash(resident.password),
    )
