"""`moneyer fault`: faults that stand for an application of the sandbox."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from moneyer.cli.context import (
    SANDBOX_FOLDER,
    Complaint,
    DataOption,
    JsonOption,
    office,
    print_json,
    print_rows,
)

if TYPE_CHECKING:
    from moneyer.sandbox.faults.standing import StandingOrders

app = typer.Typer(
    help="Order faults from the sandbox, to see how a client takes them.", no_args_is_help=True
)

ClientId = Annotated[str, typer.Argument(help="The application's client id.")]


@app.command("set")
def set_(
    client_id: ClientId,
    faults: Annotated[
        str, typer.Argument(help="name[=number][,name…]; `moneyer fault names` lists them.")
    ],
    times: Annotated[
        int | None, typer.Option(min=1, help="For how many requests. Default: until it is cleared.")
    ] = None,
    data: DataOption = None,
) -> None:
    """Order faults for an application: its token requests, and its calls with a token."""
    from moneyer.sandbox.faults.catalogue import catalogue
    from moneyer.sandbox.faults.orders import BadOrder, read_order
    from moneyer.sandbox.faults.standing import Standing

    orders, folder = _orders(data)
    try:
        read_order(faults, catalogue())
    except BadOrder as error:
        raise Complaint(f"{error}; see `moneyer fault names`") from None
    with office(None, folder) as desk:
        desk.admin.applications.get(client_id)
    orders.add(Standing(client_id, faults, times))
    until = "until it is cleared" if times is None else f"for its next {times}"
    typer.echo(f"{client_id}: {faults}, {until}")


@app.command("list")
def list_all(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the orders that stand, in the order in which they come true."""
    orders = _orders(data)[0].all()
    if as_json:
        print_json(orders)
        return
    rows: list[tuple[str, ...]] = [
        (o.client_id, o.faults, "all" if o.left is None else str(o.left)) for o in orders
    ]
    print_rows(("application", "faults", "requests"), rows)


@app.command()
def clear(
    client_id: Annotated[str | None, typer.Argument(help="Default: all applications.")] = None,
    data: DataOption = None,
) -> None:
    """End an application's orders, or all."""
    ended = _orders(data)[0].clear(client_id)
    typer.echo(f"{ended} ended")


@app.command()
def names(as_json: JsonOption = False) -> None:
    """List the faults that there are."""
    from moneyer.sandbox.faults.catalogue import catalogue

    faults = catalogue().values()
    if as_json:
        print_json(
            [{"name": f.name, "usage": f.usage, "on": f.site.words, "line": f.line} for f in faults]
        )
        return
    print_rows(("fault", "on", "what happens"), [(f.usage, f.site.words, f.line) for f in faults])


def _orders(data: Path | None) -> "tuple[StandingOrders, Path]":
    """The orders of the sandbox in `data`. Raises Complaint where there is none."""
    from moneyer.sandbox.faults.standing import StandingOrders

    folder = data or SANDBOX_FOLDER
    if not (folder / "sandbox.json").exists():
        raise Complaint(f"{folder}: there is no sandbox here")
    return StandingOrders(folder), folder
