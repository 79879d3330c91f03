"""What the documents name exists: files, modules, commands, targets."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main

from moneyer.cli import app
from moneyer.gatehouse.settings import Gateway
from moneyer.settings import Settings

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "moneyer"
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "bench" / "README.md"]


def of_each_document(test: Any) -> Any:
    names = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
    return pytest.mark.parametrize("document", DOCUMENTS, ids=names)(test)


def code_in(document: Path) -> str:
    """What stands in backticks and in fences."""
    text = document.read_text()
    fenced = re.findall(r"^```\w*\n(.*?)^```", text, re.S | re.M)
    rest = re.sub(r"^```\w*\n.*?^```", "", text, flags=re.S | re.M)
    return "\n".join((*fenced, *re.findall(r"`([^`\n]+)`", rest)))


@of_each_document
def test_every_module_that_is_named_by_its_path_exists(document: Path) -> None:
    """From the package's own folder, or from the root."""
    paths = re.findall(r"[\w/]+\.py\b", code_in(document))
    places = (PACKAGE, ROOT, ROOT / "src", document.parent)
    assert [path for path in paths if not any((place / path).exists() for place in places)] == []


@of_each_document
def test_every_name_in_the_package_that_is_written_with_dots_exists(document: Path) -> None:
    """`moneyer.store`, and in the map `store.journal` or `endpoints.call`."""
    rooms = "|".join(sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py")))
    names = re.findall(rf"(?<![\w./-])(?:moneyer\.)?((?:{rooms})\.[a-z_]\w*)", code_in(document))
    assert [name for name in names if not exists(name)] == []


def exists(name: str) -> bool:
    """Whether it is a module, stands in a room's own file, or is a key of the settings, or a file."""
    room, _, member = name.partition(".")
    section = getattr(Settings(), room, None)
    return (
        member in {"py", "toml"}
        or (room == "gateway" and hasattr(Gateway(), member))
        or hasattr(section, member)
        or (PACKAGE / room / f"{member}.py").exists()
        or (PACKAGE / room / member / "__init__.py").exists()
        or re.search(rf"\b{member}\b", (PACKAGE / room / "__init__.py").read_text()) is not None
    )


@of_each_document
def test_every_command_that_is_named_exists(document: Path) -> None:
    """`moneyer key rotate`, with the options that are given to it."""
    for line in re.findall(r"\bmoneyer ([a-z][^`|;)\n]*)", code_in(document)):
        command: Any = typer.main.get_command(app)
        words = line.split()
        while words and hasattr(command, "commands"):
            word = words.pop(0)
            assert word in command.commands, line
            command = command.commands[word]
        known = {option for parameter in command.params for option in parameter.opts}
        given = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert given <= known | {"--help"}, line


@of_each_document
def test_every_target_of_make_that_is_named_exists(document: Path) -> None:
    """In the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    named = set(re.findall(r"\bmake ([a-z-]+)\b", code_in(document)))
    assert named <= targets


def test_every_room_names_modules_that_it_has() -> None:
    """In the map's table, what stands in backticks beside a room is a module or a command of it."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    rows = re.findall(r"^\| `moneyer\.(\w+)` \| ([^|]+) \|", text, re.M)
    assert rows
    for room, words in rows:
        for name in re.findall(r"`([a-z_0-9]+)`", words):
            inside = {path.stem for path in (PACKAGE / room).iterdir()} if room != "app" else set()
            top: Any = typer.main.get_command(app)
            assert name in inside | (set(top.commands) if room == "cli" else set()), (room, name)


def test_no_dependency_is_described_that_is_not_there() -> None:
    """Each row of docs/dependencies.md is a package of pyproject.toml, of npm's lock or of `make`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [r for extra in project["optional-dependencies"].values() for r in extra]
    known = {re.split(r"[^a-z0-9-]", r.lower())[0] for r in (*project["dependencies"], *extras)}
    node = ROOT / "tests" / "clients" / "node" / "package.json"
    known |= set(json.loads(node.read_text())["dependencies"])
    makefile = (ROOT / "Makefile").read_text()
    known |= {name for row in re.findall(r"packages :?= (.*)", makefile) for name in row.split()}
    rows = re.findall(r"^\| ([a-z][^|]+) \|", (ROOT / "docs" / "dependencies.md").read_text(), re.M)
    described = {name for row in rows for name in row.strip().split(", ")} - {"package"}
    assert described <= known
    assert described
