"""A window to stand at."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bank import TestClock
from tests.sandbox.legacy.window import Window


@pytest.fixture
def window(tmp_path: Path, clock: TestClock) -> Iterator[Window]:
    window = Window(tmp_path, clock)
    yield window
    window.books.close()
