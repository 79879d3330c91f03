"""Everybody's results: a table to read, the figures as JSON, and a chart."""

from collections.abc import Mapping, Sequence

import msgspec

from bench.peers.rounds import Result, median

OURS = "moneyer-sqlite"

_COLUMNS = (
    f"{'load':<20}{'server':<29}{'x':>7}{'req/s':>8}{'CPU µs':>10}{'spread':>21}"
    f"{'database µs':>13}{'p50 ms':>9}{'p99 ms':>9}{'MB':>7}"
)


def table(results: Sequence[Result]) -> str:
    """Medians of the rounds for each load and server, the cheapest first; spread is that of CPU.

    `x` is how many times the cost of Moneyer on SQLite, database included, where that was measured.
    """
    lines = [_COLUMNS]
    for load, servers in by_load(results).items():
        lines.append("-" * len(_COLUMNS))
        ours = servers.get(OURS)
        base = whole_cost(ours) if ours else None
        lines += [_row(load, rounds, base) for rounds in sorted(servers.values(), key=whole_cost)]
    return "\n".join(lines)


def as_json(results: Sequence[Result], versions: Mapping[str, Mapping[str, str]]) -> bytes:
    """Every window of every round, and what was installed."""
    document = {"versions": versions, "windows": results}
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def by_load(results: Sequence[Result]) -> dict[str, dict[str, list[Result]]]:
    """The rounds of each server, by its name, by load."""
    loads: dict[str, dict[str, list[Result]]] = {}
    for result in results:
        loads.setdefault(result.load, {}).setdefault(result.peer, []).append(result)
    return loads


def whole_cost(rounds: Sequence[Result]) -> float:
    """CPU microseconds a request, the database's included."""
    return median(rounds, lambda r: r.window.cpu_us + r.database_cpu_us)


def _row(load: str, rounds: Sequence[Result], base: float | None) -> str:
    each = [result.window.cpu_us for result in rounds]
    spread = f"{min(each):.1f}..{max(each):.1f}"
    times = f"{whole_cost(rounds) / base:.2f}" if base else "-"
    return (
        f"{load:<20}{rounds[0].peer:<29}{times:>7}"
        f"{median(rounds, lambda r: r.window.rate):>8.0f}"
        f"{median(rounds, lambda r: r.window.cpu_us):>10.1f}{spread:>21}"
        f"{median(rounds, lambda r: r.database_cpu_us):>13.1f}"
        f"{median(rounds, lambda r: r.window.p50_ms):>9.2f}"
        f"{median(rounds, lambda r: r.window.p99_ms):>9.2f}"
        f"{median(rounds, lambda r: r.resident_bytes) / 1e6:>7.0f}"
    )
