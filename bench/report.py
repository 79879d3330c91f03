"""The result of a run: a table to read, and the same figures as JSON."""

import statistics
from collections.abc import Callable, Sequence
from importlib.metadata import version
from platform import python_version

import msgspec

from bench.rounds import Arrangement, Load, Round, Run

_COLUMNS = (
    f"{'load':<19}{'arrangement':<12}{'ratio':>7}{'spread':>14}{'target':>8}   "
    f"{'service':>8}{'limit':>8}{'echo':>8}{'crypto':>8}   "
    f"{'req/s':>8}{'p50 ms':>8}{'p99 ms':>8}{'echo/s':>9}"
)


def table(run: Run) -> str:
    groups = f"{'':<60}   {'CPU, µs a request':>32}   {'service':>24}"
    rows = [
        _row(load, arrangement, _of(run, load, arrangement))
        for arrangement in run.arrangements
        for load in run.loads
    ]
    return "\n".join([groups, _COLUMNS, "-" * len(_COLUMNS), *rows, "", *_notes(run)])


def as_json(run: Run) -> bytes:
    """Medians per load and arrangement, and every round; times in µs or ms, sizes in bytes."""
    document = {
        "settings": {
            "seconds": run.plan.seconds,
            "rounds": run.plan.rounds,
            "connections": run.plan.connections,
            "chains": run.chains,
        },
        "versions": {
            "python": python_version(),
            **{name: version(name) for name in ("cryptography", "granian", "uvloop")},
        },
        "first_token_ms": run.first_token_seconds * 1e3,
        "resident_bytes": {"start": run.resident_bytes_at_start, "end": run.resident_bytes_after},
        "results": [
            _result(load, arrangement, _of(run, load, arrangement))
            for arrangement in run.arrangements
            for load in run.loads
        ],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _of(run: Run, load: Load, arrangement: Arrangement) -> list[Round]:
    return [r for r in run.rounds if (r.load, r.arrangement) == (load.name, arrangement.name)]


def _row(load: Load, arrangement: Arrangement, rounds: Sequence[Round]) -> str:
    ratios = [100 * r.ratio for r in rounds]
    spread = f"{min(ratios):.1f}..{max(ratios):.1f}"
    one_core = arrangement.server_core == arrangement.generator_core
    target = f">={100 * load.target:.0f} %" if one_core else "-"
    return (
        f"{load.name:<19}{arrangement.name:<12}{statistics.median(ratios):>5.1f} %{spread:>14}"
        f"{target:>8}   "
        f"{_median(rounds, lambda r: r.service.cpu_us):>8.1f}"
        f"{_median(rounds, lambda r: r.limit_us):>8.1f}"
        f"{_median(rounds, lambda r: r.echo.cpu_us):>8.1f}"
        f"{_median(rounds, lambda r: r.crypto_us):>8.1f}   "
        f"{_median(rounds, lambda r: r.service.rate):>8.0f}"
        f"{_median(rounds, lambda r: r.service.p50_ms):>8.2f}"
        f"{_median(rounds, lambda r: r.service.p99_ms):>8.2f}"
        f"{_median(rounds, lambda r: r.echo.rate):>9.0f}"
    )


def _notes(run: Run) -> list[str]:
    plan = run.plan
    notes = [
        "ratio = (echo + crypto) / service, CPU of the server only; 100 % is as cheap as the "
        "limit. Median and spread of the rounds.",
        f"{plan.rounds} rounds of {plan.seconds:g} s, {plan.connections} connections, "
        f"{run.chains} refresh chains; every answer was a 200.",
        f"first token {run.first_token_seconds * 1e3:.0f} ms after the start of a fresh sandbox; "
        f"resident {run.resident_bytes_at_start / 1e6:.0f} MB then, "
        f"{run.resident_bytes_after / 1e6:.0f} MB after the load.",
    ]
    if run.chains < plan.connections:
        notes.append(f"NOTE: only {run.chains} connections for refresh: sign-ins were too slow.")
    notes += [
        f"NOTE: {load.name}: the service answers {load.service_answer_bytes} bytes, "
        f"the echo {load.echo_answer_bytes}."
        for load in run.loads
        if load.service_answer_bytes != load.echo_answer_bytes
    ]
    return notes


def _result(load: Load, arrangement: Arrangement, rounds: Sequence[Round]) -> dict[str, object]:
    return {
        "load": load.name,
        "arrangement": arrangement.name,
        "target": load.target,
        "answer_bytes": {"service": load.service_answer_bytes, "echo": load.echo_answer_bytes},
        "ratio": _median(rounds, lambda r: r.ratio),
        "service_cpu_us": _median(rounds, lambda r: r.service.cpu_us),
        "limit_cpu_us": _median(rounds, lambda r: r.limit_us),
        "rounds": [
            {"ratio": r.ratio, "crypto_cpu_us": r.crypto_us, "service": r.service, "echo": r.echo}
            for r in rounds
        ],
    }


def _median(rounds: Sequence[Round], of: Callable[[Round], float]) -> float:
    return statistics.median(of(r) for r in rounds)
