"""`moneyer institution`: the banks."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
import typer

from moneyer.cli.context import (
    Complaint,
    DataOption,
    JsonOption,
    SettingsOption,
    check_grants,
    office,
    print_json,
    print_rows,
    text_of,
)
from moneyer.institutions.institution import GRANT_TYPES, Institution, issuer_of
from moneyer.protocol.identifiers import is_institution_id

app = typer.Typer(help="Add, list, show, change, disable institutions.", no_args_is_help=True)

InstitutionId = Annotated[str, typer.Argument(help="institutionId, such as 00016.")]
AlgorithmOption = Annotated[
    Literal["ES256", "Ed25519", "RS256"], typer.Option(help="What its keys sign with.")
]
GrantsOption = Annotated[
    list[str] | None, typer.Option("--grant", help="A grant it allows; repeat. Default: all.")
]


@app.command()
def add(
    institution_id: InstitutionId,
    name: Annotated[str, typer.Option(help="The bank's name.")],
    algorithm: AlgorithmOption = "ES256",
    grant: GrantsOption = None,
    core_bank: Annotated[bool, typer.Option(help="Passwords are checked by the bank's core.")] = False,
    settings: SettingsOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add an institution. Its signing keys are made when they are first needed."""
    if not is_institution_id(institution_id):
        raise Complaint("an institutionId is 1 to 32 letters and digits")
    check_grants(grant or ())
    institution = _institution(
        {
            "institution_id": institution_id,
            "name": name,
            "policy": {
                "algorithm": algorithm,
                "grants": grant or GRANT_TYPES,
                "verifier": "core-bank" if core_bank else "built-in",
            },
        }
    )
    with office(settings, data) as desk:
        desk.admin.institutions.add(institution)
        issuer = issuer_of(desk.settings.base_url, institution_id)
    if as_json:
        print_json({"id": institution_id, "name": name, "issuer": issuer})
    else:
        typer.echo(f"added institution {institution_id}, issuer {issuer}")


@app.command("list")
def list_all(
    settings: SettingsOption = None, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """List every institution."""
    with office(settings, data) as desk:
        found = desk.admin.institutions.all()
    if as_json:
        print_json([msgspec.structs.asdict(institution) for institution in found])
    else:
        print_rows(
            ("institutionId", "name", "status", "algorithm", "passwords"),
            [
                (i.institution_id, i.name, i.status, i.policy.algorithm, i.policy.verifier)
                for i in found
            ],
        )


@app.command()
def show(
    institution_id: InstitutionId, settings: SettingsOption = None, data: DataOption = None
) -> None:
    """Show one institution, as JSON."""
    with office(settings, data) as desk:
        institution = desk.admin.institutions.get(institution_id)
        issuer = issuer_of(desk.settings.base_url, institution_id)
    print_json({"issuer": issuer, **msgspec.structs.asdict(institution)})


@app.command("set-grants")
def set_grants(
    institution_id: InstitutionId,
    grant: GrantsOption = None,
    settings: SettingsOption = None,
    data: DataOption = None,
) -> None:
    """Allow exactly these grants, whatever the applications are registered for."""
    check_grants(grant or ())
    with office(settings, data) as desk:
        institution = desk.admin.institutions.get(institution_id)
        document = msgspec.to_builtins(institution)
        document["policy"] = {**document.get("policy", {}), "grants": grant or GRANT_TYPES}
        changed = _institution(document)
        desk.admin.institutions.save(changed)
    typer.echo(f"institution {institution_id} allows: {' '.join(changed.policy.grants)}")


@app.command("set-sign-in")
def set_sign_in(
    institution_id: InstitutionId,
    second_factor: Annotated[
        Literal["off", "strong-scopes", "always"],
        typer.Option(help="When a password is not enough."),
    ],
    strong_scope: Annotated[
        list[str] | None, typer.Option(help="A scope that needs a second factor; repeat.")
    ] = None,
    accent: Annotated[str, typer.Option(help="The colour of its pages, #rrggbb.")] = "#1d4e89",
    logo: Annotated[Path | None, typer.Option(help="An SVG file; default: initials.")] = None,
    settings: SettingsOption = None,
    data: DataOption = None,
) -> None:
    """Say how customers sign in here: second factors, colour and logo."""
    with office(settings, data) as desk:
        document = msgspec.to_builtins(desk.admin.institutions.get(institution_id))
        policy = {**document.get("policy", {}), "second_factor": second_factor}
        if strong_scope:
            policy["strong_scopes"] = strong_scope
        brand = {"accent": accent.lower(), "logo": text_of(logo) if logo else ""}
        changed = _institution({**document, "policy": policy, "brand": brand})
        desk.admin.institutions.save(changed)
    typer.echo(f"institution {institution_id}: second factor {second_factor}, accent {accent}")


@app.command()
def disable(
    institution_id: InstitutionId, settings: SettingsOption = None, data: DataOption = None
) -> None:
    """Disable an institution: no token is issued or renewed for it."""
    _set_status(institution_id, "disabled", settings, data)


@app.command()
def enable(
    institution_id: InstitutionId, settings: SettingsOption = None, data: DataOption = None
) -> None:
    """Enable an institution again."""
    _set_status(institution_id, "active", settings, data)


def _set_status(institution_id: str, status: str, settings: SettingsOption, data: DataOption) -> None:
    with office(settings, data) as desk:
        document = msgspec.to_builtins(desk.admin.institutions.get(institution_id))
        desk.admin.institutions.save(_institution({**document, "status": status}))
    typer.echo(f"institution {institution_id} is {status}; servers know within a second")


def _institution(document: dict[str, object]) -> Institution:
    try:
        return msgspec.convert(document, Institution)
    except msgspec.ValidationError as error:
        raise Complaint(str(error)) from None
