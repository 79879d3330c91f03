"""`moneyer token inspect`: what a token is, in plain words."""

import sys
from typing import Annotated

import typer

from moneyer.cli.context import DataOption, JsonOption, SettingsOption, office, print_json
from moneyer.cli.explain import explain

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
    typer.echo(f"This is {'an' if explanation.kind[0] == 'a' else 'a'} {explanation.kind}.")
    for name, value in explanation.facts.items():
        typer.echo(f"  {name:{width}}  {value}")
    if explanation.refusal is None:
        typer.echo("It would be accepted now.")
    else:
        typer.echo(f"It would be refused: {explanation.refusal}.")
