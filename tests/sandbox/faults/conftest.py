"""A sandbox for each file of tests, and an integrator who orders faults from it."""

from collections.abc import Iterator

import pytest

from tests.cli.process import sandbox
from tests.sandbox.faults.integrator import Integrator


@pytest.fixture(scope="module")
def integrator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Integrator]:
    """In front of a running sandbox."""
    with sandbox(tmp_path_factory.mktemp("sandbox")) as running, Integrator(running) as someone:
        yield someone
