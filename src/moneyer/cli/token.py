"""`moneyer token inspect`: what a token is, in plain words."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from moneyer.cli.context import DataOption, JsonOption, SettingsOption, office, print_json

if TYPE_CHECKING:
    from moneyer.cli.explain import Explanation

app = typer.Typer(help="Look at tokens.", no_args_is_help=True)


@app.callback()
def tokens() -> None:
    """Look at tokens."""


@app.command()
def inspect(
    token: Annotated[str, typer.Argument(help="The token, or - to read it from standard input.")],
    settings: SettingsOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a token is, whose, until when, and whether and why it would be refused."""
    from moneyer.cli.explain import explain

    text = sys.stdin.readline().strip() if token == "-" else token.strip()
    with office(settings, data) as desk:
        explanation = explain(desk, text)
    if as_json:
        print_json(
            {
                "kind": explanation.kind,
                "accepted": explanation.refusal is None,
                "refusal": explanation.refusal,
                **explanation.facts,
            }
        )
        return
    width = max((len(name) for name in explanation.facts), default=0)
    typer.echo(_headline(explanation))
    for name, value in explanation.facts.items():
        typer.echo(f"  {name:{width}}  {value}")
    if explanation.refusal is None:
        typer.echo("It would be accepted now.")
    else:
        typer.echo(f"It would be refused: {explanation.refusal}.")


def _headline(explanation: "Explanation") -> str:
    if explanation.kind == "unknown":
        return "This is no token of this service."
    article = "an" if explanation.kind[0] == "a" else "a"
    if not explanation.facts:
        return f"This looks like {article} {explanation.kind}."
    return f"This is {article} {explanation.kind}."
