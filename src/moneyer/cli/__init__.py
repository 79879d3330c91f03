"""The command line."""

import sys

import typer

from moneyer import __version__
from moneyer.cli import application, check, customer, fault, gateway, institution, keys, serving, token
from moneyer.cli.context import Complaint

app = typer.Typer(
    name="moneyer",
    help="The token service of a digital bank: OAuth 2.0 and OpenID Connect for many institutions.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("sandbox")(serving.sandbox)
app.command("serve")(serving.serve)
app.command("worker", hidden=True)(serving.worker)
app.command("gateway")(gateway.gateway)
app.command("migrate")(serving.migrate)
app.command("check")(check.check)
app.add_typer(institution.app, name="institution")
app.add_typer(application.app, name="application")
app.add_typer(customer.app, name="customer")
app.add_typer(keys.app, name="key")
app.add_typer(token.app, name="token")
app.add_typer(fault.app, name="fault")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"moneyer {__version__}")
        raise typer.Exit


@app.callback()
def moneyer(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and stop."
    ),
) -> None:
    """The token service of a digital bank."""


def main() -> None:
    """Runs the command line; what an operator can mend is said in one line, without a traceback."""
    try:
        app(prog_name="moneyer")
    except Exception as error:
        words = _for_the_operator(error)
        if words is None:
            raise
        typer.secho(f"moneyer: {words}", fg=typer.colors.RED, err=True)
        sys.exit(2)


def _for_the_operator(error: Exception) -> str | None:
    """What to say about an error that the operator can mend; None for one in the program."""
    if isinstance(error, Complaint):
        return str(error)
    if isinstance(error, OSError):
        words = error.strerror or str(error)
        return f"{error.filename}: {words}" if error.filename else words
    from moneyer.protocol.failures import StoreUnavailable, Unavailable
    from moneyer.sandbox.faults.standing import Damaged
    from moneyer.settings import BadSettings
    from moneyer.store.admin import AdminError
    from moneyer.store.engine import DatabaseError
    from moneyer.store.postgresql.server import Unconfined
    from moneyer.store.sqlite.connection import AlreadyServing
    from moneyer.store.upgrade import SchemaMismatch

    if isinstance(error, StoreUnavailable):
        return f"the store does not answer at present: {error.reason}"
    if isinstance(error, Unavailable):
        return "the service is too busy at present; try again"
    known = (
        BadSettings
        | AdminError
        | AlreadyServing
        | Damaged
        | DatabaseError
        | SchemaMismatch
        | Unconfined
    )
    if isinstance(error, known):
        return str(error)
    return None
