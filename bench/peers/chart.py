"""The chart in the README: what a request costs, server and database together."""

from collections.abc import Iterator, Sequence
from html import escape

from bench.peers.report import OURS, by_load, whole_cost
from bench.peers.rounds import Result

_LOADS = {"client_credentials": "a token for an application", "refresh_token": "a renewal"}
_BEYOND = {"django-oauth-toolkit-hashed"}
"""A thousand times as long as the others: beside it no bar could be seen."""
_WIDTH, _LABEL, _BAR, _GAP = 760, 200, 18, 6
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1f2933}.t{font-weight:600}.b{fill:#9aa5b1}"
    ".o{fill:#0b6e4f}@media(prefers-color-scheme:dark){text{fill:#e4e7eb}.b{fill:#616e7c}.o{fill:#3ebd93}}"
)


def chart(results: Sequence[Result]) -> str:
    """An SVG that reads in light and dark: bars of CPU microseconds a request; shorter is better."""
    parts: list[str] = []
    y = 8
    servers = by_load(results)
    for load, title in _LOADS.items():
        if load in servers:
            costs = sorted(
                (whole_cost(rounds), name)
                for name, rounds in servers[load].items()
                if name not in _BEYOND
            )
            y += 20
            said = f"{title}: processor time a request, database included (µs; shorter is better)"
            parts.append(f'<text class="t" x="0" y="{y}">{escape(said)}</text>')
            y += 10
            for bar in _bars(costs, y):
                parts.append(bar)
                y += _BAR + _GAP
            y += 10
    size = f'width="{_WIDTH}" height="{y}" viewBox="0 0 {_WIDTH} {y}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">'
    return "\n".join([head, f"<style>{_STYLE}</style>", *parts, "</svg>", ""])


def _bars(costs: Sequence[tuple[float, str]], y: int) -> Iterator[str]:
    longest = costs[-1][0]
    room = _WIDTH - _LABEL - 70
    for number, (cost, name) in enumerate(costs):
        top = y + number * (_BAR + _GAP)
        length = max(2, round(room * cost / longest))
        colour = "o" if name.startswith(OURS.partition("-")[0]) else "b"
        yield (
            f'<text x="{_LABEL - 8}" y="{top + 14}" text-anchor="end">{escape(name)}</text>'
            f'<rect class="{colour}" x="{_LABEL}" y="{top}" width="{length}" height="{_BAR}" rx="2"/>'
            f'<text x="{_LABEL + length + 6}" y="{top + 14}">{cost:,.0f}</text>'
        )
