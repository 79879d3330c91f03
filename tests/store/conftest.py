"""Fixtures of this room."""

from pathlib import Path

import pytest

from tests.store.counting import empty
from tests.store.faults import disk

__all__ = ["disk", "file"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database with the present schema and nothing in it."""
    return empty(tmp_path / "moneyer.db")
