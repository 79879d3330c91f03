"""`moneyer application`: the OAuth clients."""

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import typer

from moneyer.cli.context import (
    Complaint,
    DataOption,
    JsonOption,
    SettingsOption,
    check_grants,
    in_words,
    office,
    print_json,
    print_rows,
    text_of,
)
from moneyer.cli.registration import checked, password_end
from moneyer.protocol.clock import SECOND, SystemClock
from moneyer.protocol.identifiers import new_client_id

app = typer.Typer(
    help="Add, list, show, change, disable applications and rotate their secrets.",
    no_args_is_help=True,
)

ClientId = Annotated[str, typer.Argument(help="The application's client id.")]


@app.command()
def add(
    name: Annotated[str, typer.Option(help="What people call it.")],
    grant: Annotated[list[str], typer.Option(help="A grant it may use; repeat.")],
    institution: Annotated[list[str], typer.Option(help="An institution it is entitled to; repeat.")],
    scope: Annotated[list[str] | None, typer.Option(help="A scope it holds; repeat.")] = None,
    redirect_uri: Annotated[
        list[str] | None, typer.Option(help="Where codes may be taken; repeat.")
    ] = None,
    allow_address: Annotated[
        list[str] | None, typer.Option(help="A network it calls from (CIDR); repeat.")
    ] = None,
    client_id: Annotated[str | None, typer.Option(help="Default: drawn at random.")] = None,
    access_seconds: Annotated[
        int, typer.Option(min=1, max=366 * 86400, help="Access tokens end.")
    ] = 600,
    legacy_seconds: Annotated[
        int, typer.Option(min=1, max=366 * 86400, help="Access tokens of the legacy endpoint end.")
    ] = 1800,
    refresh_idle_days: Annotated[int, typer.Option(min=1, max=366, help="Unused families end.")] = 14,
    refresh_days: Annotated[int, typer.Option(min=1, max=366, help="Every family ends.")] = 90,
    retry_window: Annotated[
        int,
        typer.Option(min=0, max=86400, help="Seconds in which a lost refresh answer is given again."),
    ] = 60,
    static_refresh: Annotated[bool, typer.Option(help="Refresh tokens do not rotate.")] = False,
    password_days: Annotated[
        int | None, typer.Option(help="Switch the password grant on, for so many days.")
    ] = None,
    sign_in_page: Annotated[
        bool, typer.Option(help="It may ask for codes on behalf of others.")
    ] = False,
    legacy: Annotated[bool, typer.Option(help="It may use the legacy endpoint, V1.")] = False,
    settings: SettingsOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Register an application. Its secret is shown once, here."""
    check_grants(grant)
    document: dict[str, Any] = {
        "client_id": client_id or new_client_id(),
        "name": name,
        "grants": grant,
        "scopes": scope or [],
        "institutions": institution,
        "redirect_uris": redirect_uri or [],
        "allowed_addresses": allow_address or [],
        "lifetimes": {
            "access_token": access_seconds,
            "legacy_token": legacy_seconds,
            "refresh_idle": refresh_idle_days * 86400,
            "refresh_absolute": refresh_days * 86400,
        },
        "retry_window": retry_window,
        "refresh_policy": "static" if static_refresh else "rotate",
        "password_until": password_end(password_days),
        "is_sign_in_page": sign_in_page,
        "is_legacy": legacy,
    }
    application = checked(document)
    with office(settings, data) as desk:
        secret = desk.admin.applications.add(application, desk.keys.client_secret)
    if as_json:
        print_json({"client_id": application.client_id, "client_secret": secret})
        return
    typer.echo(f"client id      {application.client_id}")
    typer.echo(f"client secret  {secret}")
    typer.echo("The secret is not shown again.")
    if "password" in application.grants and application.password_until is None:
        typer.echo("The password grant stays off until `moneyer application allow-password`.")


@app.command("list")
def list_all(
    settings: SettingsOption = None, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """List every application."""
    with office(settings, data) as desk:
        found = desk.admin.applications.all()
    if as_json:
        print_json(found)
    else:
        print_rows(
            ("client id", "name", "status", "grants", "institutions"),
            [
                (a.client_id, a.name, a.status, " ".join(a.grants), " ".join(a.institutions))
                for a in found
            ],
        )


@app.command()
def show(client_id: ClientId, settings: SettingsOption = None, data: DataOption = None) -> None:
    """Show one application and the age of its secrets, as JSON."""
    with office(settings, data) as desk:
        application = desk.admin.applications.get(client_id)
        slots = desk.admin.applications.secrets_of(client_id)
    document = msgspec.to_builtins(application)
    if application.password_until is not None:
        document["password_until"] = in_words(application.password_until)
    document["secrets"] = [
        {
            "slot": slot.slot,
            "created_at": in_words(slot.created_at),
            "expires_at": in_words(slot.expires_at),
            "last_used_at": in_words(slot.last_used_at),
        }
        for slot in slots
    ]
    print_json(document)


@app.command("set-sign-in")
def set_sign_in(
    client_id: ClientId,
    profile: Annotated[Literal["v2", "standard"], typer.Option(help="How its id_tokens look.")],
    auth_method: Annotated[
        Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "none"],
        typer.Option(help="The one way in which it proves who it is."),
    ] = "client_secret_basic",
    jwks: Annotated[Path | None, typer.Option(help="Its public keys, a JWK set.")] = None,
    native: Annotated[bool, typer.Option(help="It runs on the customer's own machine.")] = False,
    third_party: Annotated[bool, typer.Option(help="It is not the bank's own.")] = False,
    owner: Annotated[str, typer.Option(help="Who runs it, as customers know them.")] = "",
    ask_consent: Annotated[bool, typer.Option(help="Customers are asked, the bank's own too.")] = False,
    resource_server: Annotated[bool, typer.Option(help="It may introspect every token.")] = False,
    require_par: Annotated[bool, typer.Option(help="It pushes its requests (RFC 9126).")] = False,
    post_logout_uri: Annotated[
        list[str] | None, typer.Option(help="Where a sign-out may end; repeat.")
    ] = None,
    logout_uri: Annotated[str, typer.Option(help="Where it is told that a session ended.")] = "",
    origin: Annotated[
        list[str] | None, typer.Option(help="Where its scripts call from, a browser's origin; repeat.")
    ] = None,
    settings: SettingsOption = None,
    data: DataOption = None,
) -> None:
    """Say how an application signs customers in; what is left out returns to its default."""
    _change(
        client_id,
        settings,
        data,
        profile=profile,
        auth_method=auth_method,
        jwks=text_of(jwks) if jwks else "",
        application_type="native" if native else "web",
        is_third_party=third_party,
        owner=owner,
        consent_enabled=ask_consent,
        is_resource_server=resource_server,
        requires_pushed_requests=require_par,
        post_logout_redirect_uris=post_logout_uri or [],
        backchannel_logout_uri=logout_uri,
        origins=origin or [],
    )
    typer.echo(f"application {client_id} signs customers in as told; servers know within a second")


@app.command()
def disable(client_id: ClientId, settings: SettingsOption = None, data: DataOption = None) -> None:
    """Disable an application: its secret, its tokens and its families open nothing."""
    _change(client_id, settings, data, status="disabled")
    typer.echo(f"application {client_id} is disabled; servers know within a second")


@app.command()
def enable(client_id: ClientId, settings: SettingsOption = None, data: DataOption = None) -> None:
    """Enable an application again."""
    _change(client_id, settings, data, status="active")
    typer.echo(f"application {client_id} is active; servers know within a second")


@app.command("allow-password")
def allow_password(
    client_id: ClientId,
    days: Annotated[int, typer.Option(help="For how many days, at most 365; 0 switches it off.")],
    settings: SettingsOption = None,
    data: DataOption = None,
) -> None:
    """Switch the password grant on until an end date, or off."""
    until = password_end(days) if days else None
    _change(client_id, settings, data, password_until=until)
    state = f"on until {in_words(until)}" if until else "off"
    typer.echo(f"the password grant is {state} for {client_id}")


@app.command("allow-legacy")
def allow_legacy(
    client_id: ClientId,
    off: Annotated[bool, typer.Option("--off", help="It may no longer.")] = False,
    settings: SettingsOption = None,
    data: DataOption = None,
) -> None:
    """Let an application use the legacy endpoint (V1), or no longer: its tokens then open nothing."""
    _change(client_id, settings, data, is_legacy=not off)
    typer.echo(f"the legacy endpoint is {'off' if off else 'on'} for {client_id}")


@app.command()
def entitle(
    client_id: ClientId,
    institution: Annotated[list[str], typer.Argument(help="Every institution it may act for.")],
    settings: SettingsOption = None,
    data: DataOption = None,
) -> None:
    """Entitle an application to exactly these institutions."""
    _change(client_id, settings, data, institutions=institution)
    typer.echo(f"application {client_id} is entitled to {' '.join(institution)}")


@app.command("rotate-secret")
def rotate_secret(
    client_id: ClientId,
    keep_old_days: Annotated[
        int | None,
        typer.Option(help="The other secret ends after so many days; 0 at once. Default: kept."),
    ] = None,
    settings: SettingsOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a new secret in the free slot, or in place of the older one. It is shown once, here."""
    if keep_old_days is not None and keep_old_days < 0:
        raise Complaint("--keep-old-days must not be negative")
    now = SystemClock().now()
    until = None if keep_old_days is None else now + keep_old_days * 86400 * SECOND
    with office(settings, data) as desk:
        secret, slots = desk.admin.applications.rotate_secret(client_id, desk.keys.client_secret, until)
    if as_json:
        print_json({"client_id": client_id, "client_secret": secret})
        return
    typer.echo(f"client secret  {secret}")
    typer.echo("The secret is not shown again.")
    for slot in slots:
        ends = "has no end" if slot.expires_at is None else f"ends {in_words(slot.expires_at)}"
        typer.echo(f"slot {slot.slot}: made {in_words(slot.created_at)}, {ends}")


def _change(client_id: str, settings: SettingsOption, data: DataOption, **members: object) -> None:
    with office(settings, data) as desk:
        document = msgspec.to_builtins(desk.admin.applications.get(client_id))
        desk.admin.applications.save(checked({**document, **members}))
