"""A sandbox for each file of tests, so that what one file changes no other sees."""

from collections.abc import Iterator

import pytest

from tests.cli.process import Sandbox
from tests.cli.process import sandbox as start


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A running sandbox."""
    with start(tmp_path_factory.mktemp("sandbox")) as running:
        yield running
