"""The sandbox's cast can do everything that the bank offers."""

from pathlib import Path

from moneyer.sandbox.bank.books.journal import NAME
from moneyer.sandbox.bank.routes import OPERATIONS
from moneyer.sandbox.cast import applications
from moneyer.sandbox.seed import SandboxFolder

OF_INSTITUTIONS = {"alertMgmt:read", "alertMgmt:write", "alerts:publish"}


def test_an_institutions_application_holds_the_scopes_of_every_call() -> None:
    office = next(a for a in applications(0, "http://x") if a.client_id == "meridian-back-office")
    assert all(set(o.route.scopes) & set(office.scopes) for o in OPERATIONS)


def test_a_persons_application_holds_the_scopes_of_every_call_about_a_person() -> None:
    mobile = next(a for a in applications(0, "http://x") if a.client_id == "harbor-mobile")
    closed = [o for o in OPERATIONS if not set(o.route.scopes) & set(mobile.scopes)]
    assert all(set(o.route.scopes) <= OF_INSTITUTIONS for o in closed)
    assert "accounts:read_unmasked" not in mobile.scopes


def test_a_fresh_sandbox_forgets_what_its_bank_remembered(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("{}\n")
    SandboxFolder(tmp_path).clear()
    assert not (tmp_path / NAME).exists()
