"""docs/conformance.md names tests that are there, and every module of the four plans."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")
NODE = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
MODULES = {
    "oidcc-basic-certification-test-plan": 39,
    "oidcc-config-certification-test-plan": 1,
    "oidcc-rp-initiated-logout-certification-test-plan": 11,
    "oidcc-backchannel-rp-initiated-logout-certification-test-plan": 2,
}
"""How many each plan has."""


def functions_of(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in tree.body if isinstance(node, kinds)}


def test_every_test_that_is_named_exists() -> None:
    named = set(NODE.findall(TEXT))
    assert len(named) > 20
    for file, test in named:
        assert test in functions_of(ROOT / file), f"{file}::{test}"


def test_every_row_names_a_test() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and "oidcc-" in line]
    assert len(rows) == sum(MODULES.values())
    for row in rows:
        assert NODE.search(row), row


def test_every_module_of_each_plan_has_a_row_of_its_own() -> None:
    plans = re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]
    found = {plan.splitlines()[0]: re.findall(r"^\| `(oidcc-[\w-]+)`", plan, re.M) for plan in plans}
    assert {plan: len(set(modules)) for plan, modules in found.items()} == MODULES
