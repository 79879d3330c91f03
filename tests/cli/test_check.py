"""`moneyer check`: every finding can be brought about, and is gone when its cause is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from moneyer.protocol.clock import SECOND, SystemClock
from tests.bank import DAY, Bank, TestClock
from tests.cli.process import Outcome, moneyer, succeeds

Findings = set[tuple[str, str, str]]


class Deployment:
    """A sound deployment, to be made unsound in one place."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings: dict[str, dict[str, Any]] = {
            "server": {"base_url": "https://tokens.bank.example"},
            "store": {"sqlite": str(folder / "bank.db")},
            "keys": {"master_key_file": str(folder / "master.key")},
        }
        self._write()
        succeeds("key", "new-master", folder / "master.key")
        succeeds("migrate", "--settings", self.file)
        self.run("institution", "add", "00016", "--name", "First Meridian")

    @property
    def file(self) -> Path:
        return self.folder / "moneyer.toml"

    def _write(self) -> None:
        sections = []
        for section, members in self.settings.items():
            lines = [f"{key} = {value!r}" for key, value in members.items()]
            sections.append("\n".join((f"[{section}]", *lines)))
        self.file.write_text("\n".join(sections))

    def set(self, section: str, **members: Any) -> None:
        self.settings.setdefault(section, {}).update(members)
        self._write()

    def run(self, *arguments: str) -> Outcome:
        return succeeds(*arguments, "--settings", self.file)

    def add(self, *more: str, grant: str = "client_credentials") -> None:
        """Registers the application `app`."""
        self.run(
            *("application", "add", "--name", "App", "--client-id", "app"),
            *("--institution", "00016", "--grant", grant),
            *more,
        )

    def findings(self) -> tuple[int, Findings]:
        """The exit status and what is found; the words for people say the same."""
        seen = moneyer("check", "--json", "--settings", self.file)
        found = {(f["grade"], f["subject"], f["words"]) for f in seen.json}
        words = moneyer("check", "--settings", self.file)
        assert words.code == seen.code
        lines = {f"{grade:8} {subject}: {said}" for grade, subject, said in found}
        assert set(words.out.splitlines()) == lines
        return seen.code, found

    def finds(self, grade: str, subject: str, said: str) -> bool:
        """Whether there is such a finding, and the exit status is 1 exactly when one is bad."""
        status, found = self.findings()
        assert status == int(any(found_grade == "bad" for found_grade, _, _ in found))
        return any(
            (found_grade, found_subject) == (grade, subject) and said in words
            for found_grade, found_subject, words in found
        )


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return Deployment(tmp_path)


def test_a_sound_deployment_has_good_grades_only(deployment: Deployment) -> None:
    """And the exit status 0."""
    deployment.add()
    status, found = deployment.findings()
    assert status == 0
    assert {grade for grade, _, _ in found} == {"good"}
    assert "application app" in {subject for _, subject, _ in found}


def _no_key(deployment: Deployment) -> None:
    deployment.set("keys", master_key_file="")


def _lost_key(deployment: Deployment) -> None:
    (deployment.folder / "master.key").unlink()


def _key_in_settings(deployment: Deployment) -> None:
    key = (deployment.folder / "master.key").read_text().strip()
    deployment.set("keys", master_key=key)


def _broken_key(deployment: Deployment) -> None:
    (deployment.folder / "master.key").write_text("short")


@pytest.mark.parametrize(
    ("unsound", "grade", "subject", "said"),
    [
        (
            lambda d: d.set("server", base_url="http://tokens.bank.example"),
            "bad",
            "server.base_url",
            "in the clear",
        ),
        (_key_in_settings, "warning", "keys.master_key", "a file is safer"),
        (_no_key, "bad", "keys.master_key_file", "no master key"),
        (_lost_key, "bad", "keys.master_key_file", "No such file"),
        (_broken_key, "bad", "keys.master_key_file", "43 characters"),
        (
            lambda d: (d.folder / "master.key").chmod(0o640),
            "bad",
            "keys.master_key_file",
            "can be read by others: chmod 600",
        ),
        (
            lambda d: (d.folder / "bank.db").chmod(0o644),
            "warning",
            "store.sqlite",
            "can be read by others: chmod 600",
        ),
        (lambda d: d.set("login_limits", soft=11), "warning", "login_limits", "PCI DSS"),
        (lambda d: d.set("login_limits", hard=101), "warning", "login_limits", "NIST"),
        (
            lambda d: d.set("server", trusted_proxies=["0.0.0.0/0"]),
            "bad",
            "server.trusted_proxies",
            "may claim to be any other",
        ),
        (
            lambda d: d.set("server", trusted_proxies=["10.0.0.0/8", "::/0"]),
            "bad",
            "server.trusted_proxies",
            "may claim to be any other",
        ),
    ],
)
def test_each_fault_of_the_settings_is_found(
    deployment: Deployment,
    unsound: Callable[[Deployment], object],
    grade: str,
    subject: str,
    said: str,
) -> None:
    """It is not there before, and there afterwards."""
    assert not deployment.finds(grade, subject, said)
    unsound(deployment)
    assert deployment.finds(grade, subject, said)


@pytest.mark.parametrize(
    ("grant", "registered", "said"),
    [
        ("client_credentials", ("--access-seconds", "86401"), "longer than a day"),
        ("refresh_token", ("--retry-window", "3601"), "unseen for more than an hour"),
        ("refresh_token", ("--static-refresh",), "do not rotate"),
        ("password", ("--password-days", "30"), "the password grant is on until 2"),
        ("client_credentials", ("--sign-in-page",), "set --allow-address"),
        ("client_credentials", ("--legacy",), "open every legacy API"),
        ("client_credentials", ("--legacy", "--legacy-seconds", "86401"), "longer than a day"),
    ],
)
def test_each_weakness_of_a_registration_is_found(
    deployment: Deployment, grant: str, registered: tuple[str, ...], said: str
) -> None:
    """While the application is active; a disabled one is no risk and is not spoken of."""
    deployment.add(*registered, grant=grant)
    assert deployment.finds("warning", "application app", said)
    deployment.run("application", "disable", "app")
    assert not any("app" in subject.split() for _, subject, _ in deployment.findings()[1])


def test_what_is_just_within_bounds_is_good(deployment: Deployment) -> None:
    """A day, an hour, a sign-in page at its own address."""
    deployment.add(
        *("--access-seconds", "86400", "--retry-window", "3600"),
        *("--sign-in-page", "--allow-address", "192.0.2.0/24"),
    )
    assert deployment.finds("good", "application app", "nothing to remark")


async def test_a_master_key_that_does_not_belong_to_the_database_is_found(tmp_path: Path) -> None:
    """The signing keys cannot be opened with it, so no token could be struck."""
    bank = Bank(tmp_path, TestClock())
    async with bank.open():
        await bank.sign_in()
    bank.engine.dispose()
    file = settings_of(bank)
    assert not any("sealed" in f["words"] for f in moneyer("check", "--json", "--settings", file).json)
    (tmp_path / "master.key").unlink()
    succeeds("key", "new-master", tmp_path / "master.key")
    seen = moneyer("check", "--json", "--settings", file)
    assert seen.code == 1
    (bad,) = (f for f in seen.json if f["grade"] == "bad")
    assert bad["subject"] == "institution 00016"
    assert "was sealed under another master key" in bad["words"]


@pytest.mark.requirement("CA-11")
@pytest.mark.parametrize(
    ("days", "expected"), [(89, set()), (91, {"not used"}), (366, {"not used", "older than a year"})]
)
async def test_old_and_unused_secrets_are_found(tmp_path: Path, days: int, expected: set[str]) -> None:
    """A quarter without use, a year since it was made; no secret that has ended."""
    bank = Bank(tmp_path, TestClock(SystemClock().now() - days * DAY * SECOND))
    bank.engine.dispose()
    file = settings_of(bank)
    rotate = ("application", "rotate-secret", "machine", "--keep-old-days", "0")
    succeeds(*rotate, "--settings", file)
    found = moneyer("check", "--json", "--settings", file).json
    for client_id, words in (("mobile", expected), ("machine", set())):
        secrets = [f["words"] for f in found if f["subject"].startswith(f"application {client_id}, ")]
        assert {"older than a year" if "older" in said else "not used" for said in secrets} == words


def settings_of(bank: Bank) -> Path:
    """A settings file for the store of a bank for tests."""
    file = bank.folder / "moneyer.toml"
    file.write_text(
        f'[server]\nbase_url = "https://bank.test"\n[store]\nsqlite = "{bank.settings.database}"\n'
        f'[keys]\nmaster_key_file = "{bank.settings.keys.master_key_file}"\n'
    )
    return file
