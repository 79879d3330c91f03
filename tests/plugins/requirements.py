"""Which test proves which requirement.

A test says it itself: `@pytest.mark.requirement("TE-05", "TE-06")`. The ids, their levels and what
they mean stand in docs/requirements.toml. `pytest --requirements` (`make requirements`) collects
the tests without running them and prints the matrix. A test that is skipped for good or expected
to fail proves nothing and is not counted.
"""

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import pytest

Level = Literal["M", "S", "L"]

REQUIREMENTS = Path(__file__).parents[2] / "docs" / "requirements.toml"


@dataclass(frozen=True)
class Requirement:
    """One line of the list. `waived` is the reason why it needs no test in this release."""

    id: str
    level: Level
    line: str
    waived: str | None = None


@dataclass(frozen=True)
class Matrix:
    """Every requirement with the tests that prove it, and how many cases each test has."""

    rows: Mapping[Requirement, Counter[str]]

    def unproven(self) -> list[Requirement]:
        """The lines of level M with neither a test nor a waiver."""
        return [
            requirement
            for requirement, tests in self.rows.items()
            if requirement.level == "M" and not tests and not requirement.waived
        ]

    def render(self) -> Iterator[str]:
        """The matrix as text, line by line."""
        for requirement, tests in self.rows.items():
            yield f"{requirement.id}  {requirement.level}  {tests.total():>4}  {requirement.line}"
            if requirement.waived:
                yield f"{'waived:':>21} {requirement.waived}"
            for test, cases in sorted(tests.items()):
                yield f"{'':>13} {test}" + (f" ({cases} cases)" if cases > 1 else "")
        yield ""
        if unproven := self.unproven():
            yield f"{len(unproven)} of level M have neither a test nor a waiver:"
            yield from (f"  {requirement.id}  {requirement.line}" for requirement in unproven)
        else:
            yield "Every line of level M has a test or a waiver."


MATRIX = pytest.StashKey[Matrix]()


def read_requirements(path: Path = REQUIREMENTS) -> dict[str, Requirement]:
    """The list, by id. Raises UsageError for an entry that does not have the right form."""
    entries = tomllib.loads(path.read_text(encoding="utf-8"))
    return {id_: _read_entry(id_, entry) for id_, entry in entries.items()}


def _read_entry(id_: str, entry: dict[str, str]) -> Requirement:
    unknown = entry.keys() - {"level", "line", "waived"}
    complete = entry.get("level") in get_args(Level) and bool(entry.get("line"))
    if unknown or not complete or entry.get("waived") == "":
        raise pytest.UsageError(f"docs/requirements.toml: {id_} is not a level, a line, a waiver")
    return Requirement(id=id_, **entry)  # type: ignore[arg-type]  # checked above


def match_tests(items: Iterable[pytest.Item], requirements: Mapping[str, Requirement]) -> Matrix:
    """Gather the tests below the lines they name. Raises UsageError for an id nobody listed."""
    rows: dict[Requirement, Counter[str]] = {line: Counter() for line in requirements.values()}
    mistakes = set()
    for item in items:
        test = item.nodeid.split("[", 1)[0]
        for mark in item.iter_markers("requirement"):
            if not mark.args:
                mistakes.add(f"{test}: a requirement mark without an id")
            for id_ in mark.args:
                if id_ not in requirements:
                    mistakes.add(f"{test}: docs/requirements.toml has no requirement {id_!r}")
                elif _can_prove(item):
                    rows[requirements[id_]][test] += 1
    if mistakes:
        raise pytest.UsageError(*sorted(mistakes))
    return Matrix(rows)


def _can_prove(item: pytest.Item) -> bool:
    return not any(item.get_closest_marker(mark) for mark in ("skip", "xfail"))


def _is_whole_suite(config: pytest.Config) -> bool:
    """Nobody named paths, or left tests out before they were collected."""
    narrowed = ("ignore", "ignore_glob", "lf", "stepwise")
    return config.args_source is not pytest.Config.ArgsSource.ARGS and not any(
        config.getoption(option, default=None) for option in narrowed
    )


# --------------------------------------------------------------------------- hooks


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("requirements").addoption(
        "--requirements",
        action="store_true",
        help="run nothing; print which tests prove which requirement",
    )


@pytest.hookimpl(tryfirst=True)  # before -k and -m take tests away
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    matrix = match_tests(items, read_requirements())
    if _is_whole_suite(config) and not session.testsfailed:
        config.stash[MATRIX] = matrix


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    collected = not session.testsfailed
    return True if session.config.getoption("--requirements") and collected else None


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    matrix = session.config.stash.get(MATRIX, None)
    if session.config.getoption("--requirements") and matrix:
        unproven = bool(matrix.unproven())
        session.exitstatus = pytest.ExitCode.TESTS_FAILED if unproven else pytest.ExitCode.OK


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    matrix = config.stash.get(MATRIX, None)
    if config.getoption("--requirements") and matrix:
        for line in matrix.render():
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def requirement_matrix(request: pytest.FixtureRequest) -> Matrix:
    """The matrix of the whole suite; a run of only a part of it skips the test that asks."""
    matrix = request.config.stash.get(MATRIX, None)
    if matrix is None:
        pytest.skip("only the whole suite can tell which requirement has no test")
    return matrix
