"""`moneyer key`: the master key, and the institutions' signing keys."""

from pathlib import Path
from typing import Annotated

import typer

from moneyer.cli.context import (
    Complaint,
    DataOption,
    JsonOption,
    SettingsOption,
    in_words,
    office,
    print_json,
    print_rows,
)
from moneyer.keys.lifecycle import rotate as plan_rotation
from moneyer.keys.lifecycle import state
from moneyer.protocol.clock import SystemClock

app = typer.Typer(
    help="Make a master key; list and rotate an institution's signing keys.", no_args_is_help=True
)

NO_KEYS = "no keys yet: they are made when the first token is struck or the key set is read"

InstitutionId = Annotated[str, typer.Argument(help="institutionId, such as 00016.")]


@app.command("list")
def list_all(
    institution_id: InstitutionId,
    settings: SettingsOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List an institution's keys and the state each is in."""
    now = SystemClock().now()
    with office(settings, data) as desk:
        keys = desk.admin.institutions.keys(institution_id)
    rows: list[tuple[str, ...]] = [
        (key.kid, key.algorithm, state(key, now).value, in_words(key.announced_at)) for key in keys
    ]
    if as_json:
        names = ("kid", "algorithm", "state", "announced_at")
        print_json([dict(zip(names, row, strict=True)) for row in rows])
    else:
        print_rows(("kid", "algorithm", "state", "announced"), rows, NO_KEYS)


@app.command()
def rotate(
    institution_id: InstitutionId, settings: SettingsOption = None, data: DataOption = None
) -> None:
    """Change to the announced key as soon as every verifier can know it, and announce a spare."""
    from moneyer.keys.sealing import new_key

    now = SystemClock().now()
    with office(settings, data) as desk:
        institution = desk.admin.institutions.get(institution_id)
        keys = desk.admin.institutions.keys(institution_id)
        if not keys:
            raise Complaint(f"{institution_id}: {NO_KEYS}")
        try:
            planned = plan_rotation(keys, now)
        except ValueError as error:
            raise Complaint(f"{institution_id}: {error}") from None
        spare = new_key(desk.keys.sealing, institution_id, institution.policy.algorithm, now, None)
        desk.admin.institutions.save_keys(institution_id, (*planned, spare))
    change_at = max(key.activates_at or 0 for key in planned)
    typer.echo(f"institution {institution_id} changes its signing key at {in_words(change_at)}")


@app.command("new-master")
def new_master(
    file: Annotated[Path, typer.Argument(help="Where it is written; never over what is there.")],
) -> None:
    """Write a new master key to a file that its owner alone can read: keys.master_key_file."""
    from moneyer.keys.sealing import new_master_key_file

    new_master_key_file(file)
    typer.echo(f"{file} holds a new master key; keep a copy apart from the database's")
