"""The peers' results as a table to read."""

from collections.abc import Sequence

from bench.peers.rounds import Result, median

_COLUMNS = (
    f"{'load':<20}{'peer':<29}{'req/s':>8}{'CPU µs':>10}{'spread':>21}"
    f"{'database µs':>13}{'p50 ms':>9}{'p99 ms':>9}{'MB':>7}"
)


def table(results: Sequence[Result]) -> str:
    """Medians of the rounds for each load and peer, the cheapest first; spread is that of CPU."""
    lines = [_COLUMNS]
    for load in dict.fromkeys(result.load for result in results):
        lines.append("-" * len(_COLUMNS))
        of_load = [result for result in results if result.load == load]
        of_peers = [
            [result for result in of_load if result.peer == peer]
            for peer in dict.fromkeys(result.peer for result in of_load)
        ]
        lines += map(_row, sorted(of_peers, key=_whole_cost))
    return "\n".join(lines)


def _whole_cost(rounds: Sequence[Result]) -> float:
    return median(rounds, lambda r: r.window.cpu_us + r.database_cpu_us)


def _row(rounds: Sequence[Result]) -> str:
    each = [result.window.cpu_us for result in rounds]
    spread = f"{min(each):.1f}..{max(each):.1f}"
    return (
        f"{rounds[0].load:<20}{rounds[0].peer:<29}"
        f"{median(rounds, lambda r: r.window.rate):>8.0f}"
        f"{median(rounds, lambda r: r.window.cpu_us):>10.1f}{spread:>21}"
        f"{median(rounds, lambda r: r.database_cpu_us):>13.1f}"
        f"{median(rounds, lambda r: r.window.p50_ms):>9.2f}"
        f"{median(rounds, lambda r: r.window.p99_ms):>9.2f}"
        f"{median(rounds, lambda r: r.resident_bytes) / 1e6:>7.0f}"
    )
