"""The list of requirements and the tests that claim to prove it belong together."""

from collections import Counter
from pathlib import Path

import pytest

from tests.plugins.requirements import Matrix, Requirement, match_tests, read_requirements

LISTED = Requirement("TE-05", "M", "a parameter sent twice is 400")


def test_every_line_of_level_m_has_a_test_or_a_waiver(requirement_matrix: Matrix) -> None:
    unproven = [f"{line.id} {line.line}" for line in requirement_matrix.unproven()]
    assert not unproven


def test_only_level_m_without_test_and_waiver_is_unproven() -> None:
    waived = Requirement("JW-12", "M", "no encrypted token", waived="nothing reads one")
    later = Requirement("TE-19", "S", "sizes are documented")
    proven = Requirement("TE-01", "M", "only POST")
    tests = Counter({"test_only_post": 1})
    matrix = Matrix({LISTED: Counter(), waived: Counter(), later: Counter(), proven: tests})
    assert matrix.unproven() == [LISTED]


def test_the_matrix_names_the_tests_and_what_has_none() -> None:
    proven = Requirement("TE-01", "M", "only POST")
    text = "\n".join(Matrix({proven: Counter({"test_a": 3}), LISTED: Counter()}).render())
    assert "TE-01  M     3  only POST" in text
    assert "test_a (3 cases)" in text
    assert "1 of level M have neither a test nor a waiver:\n  TE-05" in text


@pytest.mark.parametrize("marks", [(), ("TE-99",), ("TE-05", "te-05")])
def test_a_mark_without_id_or_with_an_unlisted_one_is_refused(
    request: pytest.FixtureRequest, marks: tuple[str, ...]
) -> None:
    item: pytest.Item = request.node
    item.add_marker(pytest.mark.requirement(*marks))
    with pytest.raises(pytest.UsageError):
        match_tests([item], {"TE-05": LISTED})


def test_a_test_that_is_skipped_for_good_proves_nothing(request: pytest.FixtureRequest) -> None:
    item: pytest.Item = request.node
    item.add_marker(pytest.mark.requirement("TE-05"))
    assert match_tests([item], {"TE-05": LISTED}).rows[LISTED].total() == 1
    item.add_marker(pytest.mark.skip(reason="marked while it runs, so it runs all the same"))
    assert match_tests([item], {"TE-05": LISTED}).rows[LISTED].total() == 0


@pytest.mark.parametrize(
    "entry",
    [
        'level = "X"\nline = "no such level"',
        'level = "M"',
        'level = "M"\nline = "a waiver says why"\nwaived = ""',
        'level = "M"\nline = "an unknown key"\nnote = "?"',
    ],
)
def test_an_entry_of_the_wrong_form_is_refused(tmp_path: Path, entry: str) -> None:
    listing = tmp_path / "requirements.toml"
    listing.write_text(f"[TE-01]\n{entry}\n", encoding="utf-8")
    with pytest.raises(pytest.UsageError):
        read_requirements(listing)
