"""What the command line says when it cannot do what it is told, and when it is asked for help."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from moneyer.cli import app
from tests.cli.process import Sandbox, complaint, moneyer, one_line, process, succeeds


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command below this one, with the words that call it."""
    if hasattr(command, "commands"):
        for name, below in command.commands.items():
            yield from commands(below, (*path, name))
    else:
        yield path, command


COMMANDS = dict(commands(typer.main.get_command(app)))

APPLICATION = ("application", "add", "--name", "x", "--institution", "00016")
CUSTOMER = ("customer", "add", "zoe", "--institution", "00016", "--password-stdin")
LONG = "long enough to be a password\n"

REFUSED = [
    (("institution", "add", "0-1", "--name", "x"), "an institutionId is 1 to 32 letters and digits"),
    (("institution", "add", "00016", "--name", "x"), "institution 00016 exists already"),
    (("institution", "show", "77"), "there is no institution 77"),
    (("institution", "disable", "77"), "there is no institution 77"),
    (("institution", "set-grants", "00016", "--grant", "implicit"), "there is no grant implicit;"),
    ((*APPLICATION, "--grant", "implicit"), "there is no grant implicit; there are client_cred"),
    ((*APPLICATION, "--institution", "77", "--grant", "password"), "there is no institution 77"),
    ((*APPLICATION, "--grant", "password", "--scope", "a b"), "a scope is printable ASCII without"),
    ((*APPLICATION, "--grant", "authorization_code"), "needs --redirect-uri"),
    (
        (*APPLICATION, "--grant", "authorization_code", "--redirect-uri", "http://bank.example/"),
        "a redirect URI is https",
    ),
    ((*APPLICATION, "--grant", "password", "--allow-address", "here"), "--allow-address: 'here'"),
    ((*APPLICATION, "--grant", "password", "--allow-address", "10.0.0.1/8"), "--allow-address: "),
    ((*APPLICATION, "--grant", "password", "--password-days", "366"), "for 1 to 365 days"),
    ((*APPLICATION, "--grant", "password", "--client-id", "a/b"), "a client id is 1 to 128"),
    (
        (*APPLICATION, "--grant", "password", "--client-id", "harbor-mobile"),
        "application harbor-mobile exists already",
    ),
    ((*APPLICATION, "--grant", "refresh_token", "--sign-in-page"), "needs the client_credentials"),
    (("application", "show", "nobody"), "there is no application nobody"),
    (("application", "disable", "nobody"), "there is no application nobody"),
    (("application", "rotate-secret", "nobody"), "there is no application nobody"),
    (("application", "entitle", "harbor-mobile", "77"), "there is no institution 77"),
    (("application", "allow-password", "harbor-mobile", "--days", "366"), "for 1 to 365 days"),
    (("application", "allow-password", "harbor-mobile", "--days", "-1"), "for 1 to 365 days"),
    (
        ("application", "rotate-secret", "harbor-mobile", "--keep-old-days", "-1"),
        "--keep-old-days must not be negative",
    ),
    ((*CUSTOMER, "--host-user-id", "H1000001"), "has a customer with this host user id"),
    ((*CUSTOMER, "--host-user-id", "H", "--institution-user-id", "1"), "32 hexadecimal digits"),
    ((*CUSTOMER, "--host-user-id", "H", "--business", "1"), "an institutionCustomerId is 32"),
    ((*CUSTOMER, "--host-user-id", "H", "--birthdate", "30.2.1984"), "is no day of the form YYYY"),
    (("customer", "add", "a\nb", *CUSTOMER[3:], "--host-user-id", "H"), "a login id has 1 to 256"),
    (
        ("customer", "add", "ADA.MARSH", *CUSTOMER[3:], "--host-user-id", "H"),
        "has a customer with this login id",
    ),
    (("customer", "disable", "nobody", "--institution", "00016"), "no customer with this login id"),
    (("customer", "disable", "ada.marsh", "--institution", "77"), "there is no institution 77"),
    (("customer", "list", "--institution", "77"), "there is no institution 77"),
    (("key", "list", "77"), "there is no institution 77"),
]


@pytest.mark.parametrize(("arguments", "said"), REFUSED)
def test_what_cannot_be_done_is_said_in_one_line(
    sandbox: Sandbox, arguments: tuple[str, ...], said: str
) -> None:
    """With status 2, on standard error, without a traceback; and nothing has changed."""
    before = everything(sandbox)
    assert said in complaint(*arguments, "--data", sandbox.data, typed=LONG)
    assert everything(sandbox) == before


def everything(sandbox: Sandbox) -> list[str]:
    where = ("--data", str(sandbox.data), "--json")
    return [
        succeeds("institution", "list", *where).out,
        succeeds("application", "list", *where).out,
        succeeds("customer", "list", "--institution", "00016", *where).out,
    ]


def test_a_password_is_asked_for_on_a_terminal_only(sandbox: Sandbox) -> None:
    """A script that forgets --password-stdin is told so; a weak password is refused."""
    where = ("--institution", "00016", "--data", str(sandbox.data))
    assert complaint("customer", "set-password", "ada.marsh", *where).endswith("use --password-stdin")
    for weak in ("", "short\n", "ada.marsh\n"):
        said = complaint(
            "customer", "set-password", "ada.marsh", *where, "--password-stdin", typed=weak
        )
        assert "password" in said
    assert sandbox.sign_in().status_code == 200


def test_damaged_files_are_named(tmp_path: Path) -> None:
    """A card that is no JSON, a database that is none, a folder without anything."""
    assert complaint("application", "list", "--data", tmp_path).endswith("there is no sandbox here")
    (tmp_path / "sandbox.json").write_text("{")
    assert "sandbox.json: " in complaint("application", "list", "--data", tmp_path)
    (tmp_path / "sandbox.json").write_text('{"base_url": "http://127.0.0.1:1"}')
    assert "there is no database at" in complaint("application", "list", "--data", tmp_path)
    (tmp_path / "moneyer.db").write_bytes(bytes(range(256)) * 32)
    assert complaint("application", "list", "--data", tmp_path) == "file is not a database"
    (tmp_path / "moneyer.db").write_bytes(b"")
    assert "run `moneyer migrate`" in complaint("application", "list", "--data", tmp_path)


def test_a_newcomer_in_the_wrong_folder_is_told_what_to_name(tmp_path: Path) -> None:
    """--data or --settings; in a process of its own, where the folder decides."""
    lost = process("application", "list", folder=tmp_path)
    assert lost.code == 2
    assert one_line(lost.err).startswith("which store? There is no sandbox here: name its folder")


def test_the_folder_where_one_stands_is_taken(sandbox: Sandbox) -> None:
    """Beside `.moneyer` no option is needed."""
    assert "harbor-mobile" in process("application", "list", folder=sandbox.server.folder).out


def test_settings_that_are_named_are_never_replaced_by_a_sandbox(sandbox: Sandbox) -> None:
    """A file that names no store is incomplete, also where a sandbox lies beside it."""
    folder = sandbox.server.folder
    (folder / "empty.toml").touch()
    lost = process("application", "list", "--settings", "empty.toml", folder=folder)
    assert lost.code == 2
    assert one_line(lost.err) == "store.sqlite: no database is set: a file here, or store.postgresql"


@pytest.mark.parametrize("name", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(name: tuple[str, ...]) -> None:
    """A sentence about itself, and one about each of its options."""
    helped = succeeds(*name, "--help").out
    assert f"Usage: moneyer {' '.join(name)}" in helped
    assert COMMANDS[name].help.endswith(".")
    for parameter in COMMANDS[name].params:
        assert parameter.help, parameter.name
        assert parameter.help.endswith("."), parameter.name


def test_help_is_quick_because_it_loads_little() -> None:
    """No database, no server, no HTTP client, no cryptography before a command needs them."""
    heavy = ["alembic", "argon2", "cryptography", "httptools", "httpx", "sqlalchemy", "uvloop"]
    script = (
        f"import json, sys, moneyer.cli; print(json.dumps([m for m in {heavy} if m in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


@pytest.mark.parametrize("arguments", [("bogus",), ("application", "bogus"), ("customer", "list")])
def test_a_wrong_call_has_status_2_and_shows_the_usage(arguments: tuple[str, ...]) -> None:
    """An unknown command; a missing option."""
    outcome = moneyer(*arguments)
    assert outcome.code == 2
    assert "Usage: moneyer" in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("--access-seconds", "0"), ("--access-seconds", "31622401")),
        *(("--refresh-idle-days", "0"), ("--refresh-days", "367"), ("--retry-window", "86401")),
    ],
)
def test_a_number_out_of_bounds_is_named_with_its_bounds(option: str, value: str) -> None:
    """By the option it was given for."""
    outcome = moneyer(*APPLICATION, "--grant", "password", option, value)
    assert outcome.code == 2
    assert option in outcome.err


def test_names_are_printed_as_they_are(sandbox: Sandbox) -> None:
    """No markup is read in them, no line is cut, columns stay aligned."""
    name = "[bold]Rød & 銀行[/] :smile: " + "x" * 100
    where = ("--data", str(sandbox.data))
    succeeds("institution", "add", "MARKUP", "--name", name, *where)
    heading, *lines = succeeds("institution", "list", *where).out.splitlines()
    assert any(name in line for line in lines)
    assert {line.index("active") for line in lines if name not in line} == {heading.index("status")}


def test_the_version_is_printed() -> None:
    """One line for scripts."""
    assert re.fullmatch(r"moneyer \d+\.\d+\S*\n", succeeds("--version").out)
