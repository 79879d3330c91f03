"""Where a refresh token rests: a file that nobody else reads, replaced as a whole."""

import os
import stat
from pathlib import Path

import pytest

from moneyer.client import FileStore, MemoryStore, Password, StoreFailed, TokenStore
from tests.client.conftest import settings_for
from tests.client.middleman import Middleman, Reply, Seen
from tests.client.plain_v2 import PASSWORD, PlainV2
from tests.client.subject import Workshop
from tests.client.test_grants import HOUR


@pytest.mark.parametrize("kind_of_store", ["memory", "file"])
def test_a_store_gives_back_what_it_was_given_last(kind_of_store: str, tmp_path: Path) -> None:
    """And nothing after it was cleared, however often."""
    store: TokenStore = MemoryStore() if kind_of_store == "memory" else FileStore(tmp_path / "t")
    assert store.load() is None
    for text in ("mrt_1", "mrt_2"):
        store.save(text)
        assert store.load() == text
    for _ in range(2):
        store.clear()
        assert store.load() is None


def test_the_file_is_its_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    """0600 from the first byte, and nothing is left beside it."""
    before = os.umask(0)
    try:
        FileStore(tmp_path / "token").save("mrt_1")
    finally:
        os.umask(before)
    (left,) = tmp_path.iterdir()
    assert stat.S_IMODE(left.stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """What others may have read, or written, is no secret any more."""
    path = tmp_path / "token"
    path.write_text("mrt_1")
    path.chmod(mode)
    with pytest.raises(StoreFailed, match="chmod 600") as failure:
        FileStore(path).load()
    assert "mrt_1" not in str(failure.value)


def test_a_write_that_fails_leaves_the_token_that_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole, and without remains beside it."""
    store = FileStore(tmp_path / "token")
    store.save("mrt_1")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreFailed, match="No space left") as failure:
        store.save("mrt_2")
    monkeypatch.undo()
    assert "mrt_2" not in str(failure.value)
    assert store.load() == "mrt_1"
    assert [path.name for path in tmp_path.iterdir()] == ["token"]


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    """No folder, a folder in its place, bytes that no token has."""
    with pytest.raises(StoreFailed, match="written"):
        FileStore(tmp_path / "none" / "token").save("mrt_1")
    (tmp_path / "folder").mkdir(mode=0o700)
    with pytest.raises(StoreFailed):
        FileStore(tmp_path / "folder").load()
    with pytest.raises(StoreFailed, match="removed"):
        FileStore(tmp_path / "folder").clear()
    (tmp_path / "odd").touch(0o600)
    (tmp_path / "odd").write_bytes(b"\xff\xfe")
    with pytest.raises(StoreFailed, match="something else"):
        FileStore(tmp_path / "odd").load()


async def test_a_rotated_token_is_stored_before_it_is_used(
    plain: PlainV2, workshop: Workshop, tmp_path: Path
) -> None:
    """When an API first sees the new access token, the new refresh token is in the file."""
    store = FileStore(tmp_path / "token")
    stored_at_each_call: list[str | None] = []

    def watched(seen: Seen) -> Reply:
        if seen.path == "/v1/accounts":
            stored_at_each_call.append(store.load())
        return plain(seen)

    with Middleman(watched) as service:
        client = workshop.make(settings_for(service), store=store)
        await client.sign_in(Password("ada", PASSWORD))
        for _ in range(3):
            await client.call("GET", service.base_url + "/v1/accounts")
            workshop.clock.advance(HOUR)
    assert stored_at_each_call == ["rt-1", "rt-2", "rt-3"]


async def test_a_sign_in_outlives_the_process(
    service: Middleman, workshop: Workshop, tmp_path: Path
) -> None:
    """Another client with the same file goes on; after `revoke` there is no file."""
    path = tmp_path / "token"
    await workshop.make(settings_for(service), store=FileStore(path)).sign_in(Password("ada", PASSWORD))
    later = workshop.make(settings_for(service), store=FileStore(path))
    assert (await later.token()).refresh_token == "rt-2"
    await later.revoke()
    assert not path.exists()
