"""A bank to stand at."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bank import TestClock
from tests.sandbox.bank.counter import Counter


@pytest.fixture
def counter(tmp_path: Path, clock: TestClock) -> Iterator[Counter]:
    counter = Counter(tmp_path, clock)
    yield counter
    counter.bank.close()
