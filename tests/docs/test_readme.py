"""What the documents say is so: their commands run, their links lead somewhere, their map is true."""

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from moneyer.customers.core_bank import CoreBank
from moneyer.settings import Settings
from tests.docs.pasting import ROOT, pasted

DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "bench" / "README.md"]


async def test_the_readme_can_be_pasted(tmp_path: Path) -> None:
    """Every block that is marked to run, in one shell, one after the other, does what it says."""
    answers = (await pasted(ROOT / "README.md", tmp_path))[1:]
    assert ['"access_token":' in answer for answer in answers[:4]] == [True] * 4, answers
    assert '"id_token":' in answers[3]
    assert answers[4].strip() == "204"
    assert "It would be refused: its family was revoked." in answers[5]
    assert "CMN_90004" in answers[6]
    assert "<di_member_number>700101</di_member_number><access_token>ey" in answers[7]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    """Every relative link points to a file that exists."""
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_map_names_every_room() -> None:
    """docs/architecture.md names every package and every module at the top, and no other."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    package = ROOT / "src" / "moneyer"
    rooms = {path.parent.name for path in package.glob("*/__init__.py")}
    rooms |= {path.stem for path in package.glob("*.py") if path.stem != "__init__"}
    named = set(re.findall(r"`moneyer\.([a-z_]+)`", text))
    assert named == rooms


def test_every_dependency_has_its_reason() -> None:
    """docs/dependencies.md has a row for each package in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = list(project["dependencies"])
    for extra in project["optional-dependencies"].values():
        wanted += [requirement for requirement in extra if not requirement.startswith("moneyer")]
    names = {re.match(r"[a-z0-9-]+", requirement.lower()) for requirement in wanted}
    rows = (ROOT / "docs" / "dependencies.md").read_text()
    first_cells = " ".join(re.findall(r"^\| ([^|]+) \|", rows, re.M))
    assert [m[0] for m in names if m and not re.search(rf"\b{m[0]}\b", first_cells)] == []


def test_every_setting_is_described() -> None:
    """docs/settings.md describes every key of the settings, and no other."""
    keys = set()
    for section in msgspec.structs.fields(Settings):
        if section.name == "core_bank":
            members = [f"{{institutionId}}.{f.name}" for f in msgspec.structs.fields(CoreBank)]
        else:
            members = [f.name for f in msgspec.structs.fields(section.type)]
        keys |= {f"{section.name}.{member}" for member in members}
    text = (ROOT / "docs" / "settings.md").read_text()
    assert set(re.findall(r"^\| `([^`]+)` \|", text, re.M)) == keys
