"""What a gateway remembers: over its restarts, over crashes, and never another's."""

import asyncio
import threading
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from moneyer.gateway import memory as memory_module
from moneyer.gateway.knowledge import Answer, Everything, KeySet, Knowledge
from moneyer.gateway.memory import FileMemory, Record
from moneyer.gateway.scribe import Scribe

ALL = Everything("https://bank.test", "0" * 16 + ".1.1.1", 5, ("00016",), {})
NEWS = [Answer(f"{'0' * 16}.{n}.1.1", {"00016": f"bulletin-{n}"}) for n in range(2, 6)]


def written(path: Path, secret: str = "secret") -> FileMemory:
    memory = FileMemory(path, secret)
    memory.begin(ALL)
    for news in NEWS:
        assert memory.add(news)
    return memory


def test_all_of_it_comes_back_in_order(tmp_path: Path) -> None:
    written(tmp_path / "memory").add(KeySet("00016", "{}"))
    assert FileMemory(tmp_path / "memory", "secret").load() == [ALL, *NEWS, KeySet("00016", "{}")]


def test_nothing_is_there_at_first(tmp_path: Path) -> None:
    assert FileMemory(tmp_path / "memory", "secret").load() == []


def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    written(tmp_path / "memory")
    assert (tmp_path / "memory").stat().st_mode & 0o777 == 0o600


@pytest.mark.requirement("GW-06")
def test_a_torn_file_is_read_as_far_as_it_holds(tmp_path: Path) -> None:
    """Cut at every byte: what is read is a beginning of what was written, and never anything else."""
    path = tmp_path / "memory"
    written(path)
    whole, records = path.read_bytes(), [ALL, *NEWS]
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        found = FileMemory(path, "secret").load()
        assert found == records[: len(found)]
        assert len(found) >= whole[:cut].count(b"\n")


def test_after_a_torn_line_it_goes_on_whole(tmp_path: Path) -> None:
    """A gateway begins the file anew at its start: nothing is written behind half a line."""
    path = tmp_path / "memory"
    written(path)
    path.write_bytes(path.read_bytes()[:-3])
    memory = FileMemory(path, "secret")
    assert memory.load() == [ALL, *NEWS[:-1]]
    assert not memory.add(NEWS[-1]), "not before all is written down anew"
    memory.begin(ALL)
    memory.add(NEWS[-1])
    assert FileMemory(path, "secret").load() == [ALL, NEWS[-1]]


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"x", b"{}\n", bytes(range(128, 228)), b"0" * 64 + b" {}\n"]
)
def test_what_somebody_else_wrote_is_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "memory").write_bytes(content)
    assert FileMemory(tmp_path / "memory", "secret").load() == []


def test_another_gateways_memory_is_nothing(tmp_path: Path) -> None:
    written(tmp_path / "memory", "another's secret")
    assert FileMemory(tmp_path / "memory", "secret").load() == []


def test_lines_cannot_be_taken_out_moved_or_changed(tmp_path: Path) -> None:
    """Somebody who takes a revocation out ends the memory there."""
    path = tmp_path / "memory"
    written(path)
    first, *rest = path.read_bytes().splitlines(keepends=True)
    cases: list[tuple[list[bytes], int]] = [
        ([first, *rest[1:]], 1),
        ([first, rest[1], rest[0], *rest[2:]], 1),
        ([first, rest[0].replace(b"bulletin-2", b"bulletin-9"), *rest[1:]], 1),
        (rest, 0),
        ([first, first], 1),
    ]
    for lines, left in cases:
        path.write_bytes(b"".join(lines))
        assert len(FileMemory(path, "secret").load()) == left


def test_news_ask_for_a_new_beginning_once_they_outweigh_it(tmp_path: Path) -> None:
    memory = FileMemory(tmp_path / "memory", "secret")
    memory.begin(ALL)
    long: Record = Answer("0", {"00016": "x" * 100_000})
    assert isinstance(long, Answer)
    assert [memory.add(long) for _ in range(3)] == [True, True, False]
    memory.begin(ALL)
    assert memory.add(long)


def test_a_place_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    """The gateway guards on; it is said in the log."""
    memory = FileMemory(tmp_path / "nowhere" / "memory", "secret")
    memory.begin(ALL)
    assert not memory.add(NEWS[0])
    assert memory.load() == []


def test_knowledge_comes_back_as_it_was() -> None:
    knowledge = Knowledge("https://bank.test")
    knowledge.hear(Answer("c1", {"00016": "b1"}, serves=("00016", "00042"), is_whole=True))
    knowledge.hear(Answer("c2", {"00016": "b2"}, silent=("00042",)))
    again = Knowledge("https://bank.test")
    again.recall(knowledge.everything(7))
    assert again.everything(7) == knowledge.everything(7)
    assert again.dossiers["00042"].is_lost
    assert not again.dossiers["00016"].is_known


@pytest.mark.requirement("GW-06")
def test_what_is_to_be_told_anew_is_so_after_a_restart() -> None:
    """Also where an answer to an earlier question was written down behind that."""
    knowledge = Knowledge("https://bank.test")
    knowledge.hear(Answer("one", {"00016": "a key's that is gone"}, ("00016",), is_whole=True))
    knowledge.take_keys(KeySet("00016", '{"keys":[]}'))
    again = Knowledge("https://bank.test")
    again.recall(knowledge.everything(7))
    again.hear(Answer("two", {}))
    assert (again.cursor, again.dossiers["00016"].is_lost) == ("", True)


@pytest.mark.requirement("GW-06")
async def test_who_gives_up_waiting_tears_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call's patience ends while something is being written; what comes next is written behind it."""
    written(tmp_path / "memory")
    memory = FileMemory(tmp_path / "memory", "secret")
    memory.begin(ALL)
    scribe, may_write, write = Scribe(memory), threading.Event(), memory_module._write

    def slowly(path: Path, how: int, line: bytes) -> None:
        may_write.wait(30)
        write(path, how, line)

    monkeypatch.setattr(memory_module, "_write", slowly)
    first = asyncio.create_task(scribe.add(NEWS[0]))
    await asyncio.sleep(0.1)
    first.cancel()
    second = asyncio.create_task(scribe.add(NEWS[1]))
    await asyncio.sleep(0.1)
    may_write.set()
    assert await second
    scribe.close()
    assert FileMemory(tmp_path / "memory", "secret").load() == [ALL, *NEWS[:2]]


async def test_all_is_written_down_anew_after_what_came_before_was_heard(tmp_path: Path) -> None:
    """Else an answer that was added would be gone from the file, and not yet be in what replaces it."""
    scribe, order = Scribe(FileMemory(tmp_path / "memory", "secret")), list[str]()

    async def hear() -> None:
        await scribe.add(NEWS[0])
        order.append("heard")

    def everything() -> Everything:
        order.append("written anew")
        return ALL

    await scribe.begin(lambda: ALL)
    await asyncio.gather(hear(), scribe.begin(everything))
    assert order == ["heard", "written anew"]
    scribe.close()


@pytest.mark.requirement("GW-06")
def test_two_processes_with_one_file_do_not_cut_each_other_short(tmp_path: Path) -> None:
    """The second goes without a memory, and says so once; it takes over when the first has gone."""
    path = tmp_path / "memory"
    first, second = written(path), FileMemory(path, "secret")
    with capture_logs() as said:
        for news in NEWS:
            second.begin(ALL)
            assert not second.add(news)
    assert [line["event"] for line in said] == ["memory-is-anothers"]
    assert FileMemory(path, "secret").load() == [ALL, *NEWS]
    first.close()
    second.begin(ALL)
    assert second.add(NEWS[0])
    assert FileMemory(path, "secret").load() == [ALL, NEWS[0]]
