"""`moneyer customer`: who signs in."""

import sys
from datetime import date
from typing import Annotated

import msgspec
import typer

from moneyer.cli.context import (
    Complaint,
    DataOption,
    JsonOption,
    Office,
    SettingsOption,
    office,
    print_json,
    print_rows,
)
from moneyer.customers.customer import Customer, Person
from moneyer.customers.login import canonical_login
from moneyer.guards.attempts import login_name
from moneyer.institutions.institution import Status
from moneyer.protocol.failures import BadParameter
from moneyer.protocol.identifiers import is_customer_id, new_business_id, new_customer_id

app = typer.Typer(help="Add, list, disable customers and set their passwords.", no_args_is_help=True)

InstitutionOption = Annotated[str, typer.Option(help="The customer's institutionId.")]
LoginId = Annotated[str, typer.Argument(help="The customer's login id.")]
PasswordFromInput = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]


@app.command()
def add(
    login_id: LoginId,
    institution: InstitutionOption,
    host_user_id: Annotated[str, typer.Option(help="The customer's id at the core.")],
    business: Annotated[
        list[str] | None,
        typer.Option(help="An institutionCustomerId it acts for, or 'new'; repeat."),
    ] = None,
    institution_user_id: Annotated[
        str | None, typer.Option(help="32 hexadecimal digits. Default: drawn at random.")
    ] = None,
    member_number: Annotated[str, typer.Option(help="Where the bank has one.")] = "",
    given_name: Annotated[str, typer.Option(help="For ID tokens.")] = "",
    family_name: Annotated[str, typer.Option(help="For ID tokens.")] = "",
    birthdate: Annotated[str, typer.Option(help="YYYY-MM-DD, for ID tokens.")] = "",
    email: Annotated[str, typer.Option(help="For ID tokens.")] = "",
    phone_number: Annotated[str, typer.Option(help="For ID tokens.")] = "",
    password_stdin: PasswordFromInput = False,
    settings: SettingsOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a customer; the password is asked for, or read from standard input."""
    customer_id = (institution_user_id or new_customer_id()).upper()
    if not is_customer_id(customer_id):
        raise Complaint("an institution user id is 32 hexadecimal digits")
    businesses = tuple(_business_id(text) for text in business or ())
    _check_birthdate(birthdate)
    with office(settings, data) as desk:
        customer = Customer(
            institution,
            customer_id,
            login_id,
            _key(login_id),
            host_user_id,
            "BUSINESS" if businesses else "RETAIL",
            member_number=member_number,
            person=Person(given_name, family_name, birthdate, email, phone_number),
            businesses=businesses,
            password_hash=_new_hash(desk, login_id, password_stdin),
        )
        desk.admin.customers.add(customer)
    if as_json:
        print_json({"institution_user_id": customer_id, "institution_customer_ids": businesses})
    else:
        typer.echo(f"added customer {customer_id} at institution {institution}")


@app.command("list")
def list_all(
    institution: InstitutionOption,
    settings: SettingsOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List an institution's customers."""
    with office(settings, data) as desk:
        found = desk.admin.customers.all(institution)
    if as_json:
        print_json(
            [
                {
                    "institution": c.institution_id,
                    "login_id": c.login_id,
                    "type": c.type,
                    "status": c.status,
                    "host_user_id": c.host_user_id,
                    "institution_user_id": c.customer_id,
                    "institution_customer_ids": c.businesses,
                }
                for c in found
            ]
        )
    else:
        print_rows(
            ("login id", "type", "status", "host user id", "institutionUserId"),
            [(c.login_id, c.type, c.status, c.host_user_id, c.customer_id) for c in found],
        )


@app.command("set-password")
def set_password(
    login_id: LoginId,
    institution: InstitutionOption,
    password_stdin: PasswordFromInput = False,
    settings: SettingsOption = None,
    data: DataOption = None,
) -> None:
    """Set a new password, unlock the login, and end everything the customer was signed in to."""
    with office(settings, data) as desk:
        customer = desk.admin.customers.by_login(institution, _key(login_id))
        new_hash = _new_hash(desk, login_id, password_stdin)
        _save(desk, msgspec.structs.replace(customer, password_hash=new_hash), "password-set")
    typer.echo(f"password set; every token of {login_id} has ended")


@app.command()
def disable(
    login_id: LoginId,
    institution: InstitutionOption,
    settings: SettingsOption = None,
    data: DataOption = None,
) -> None:
    """Disable a customer and end everything they were signed in to."""
    _set_status("disabled", "disabled", login_id, institution, settings, data)
    typer.echo(f"customer {login_id} is disabled; every token has ended")


@app.command()
def enable(
    login_id: LoginId,
    institution: InstitutionOption,
    settings: SettingsOption = None,
    data: DataOption = None,
) -> None:
    """Enable a customer again, and unlock the login. What ended stays ended."""
    _set_status("active", "enabled", login_id, institution, settings, data)
    typer.echo(f"customer {login_id} is active")


def _set_status(
    status: Status,
    action: str,
    login_id: str,
    institution: str,
    settings: SettingsOption,
    data: DataOption,
) -> None:
    with office(settings, data) as desk:
        customer = desk.admin.customers.by_login(institution, _key(login_id))
        _save(desk, msgspec.structs.replace(customer, status=status), action)


def _save(desk: Office, customer: Customer, action: str) -> None:
    name = login_name(desk.keys.guess, customer.login_key)
    desk.admin.customers.save(customer, f"customer:{action}", name)


def _key(login_id: str) -> str:
    try:
        return canonical_login(login_id)
    except BadParameter:
        raise Complaint(
            "a login id has 1 to 256 bytes, no blanks at its ends and no invisible characters"
        ) from None


def _business_id(text: str) -> str:
    if text == "new":
        return new_business_id()
    if not is_customer_id(text.upper()):
        raise Complaint("an institutionCustomerId is 32 hexadecimal digits")
    return text.lower()


def _check_birthdate(text: str) -> None:
    try:
        date.fromisoformat(text or "2000-01-01")
    except ValueError:
        raise Complaint(f"--birthdate: {text} is no day of the form YYYY-MM-DD") from None


def _new_hash(desk: Office, login_id: str, from_input: bool) -> str:
    """The hash of a password that is asked for twice, or read from standard input. Never echoed."""
    from moneyer.customers.passwords import PasswordHasher, check_new_password

    if from_input:
        password = sys.stdin.readline().rstrip("\r\n")
    elif not sys.stdin.isatty():
        raise Complaint("there is no terminal to ask for the password on: use --password-stdin")
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    cost = desk.settings.passwords
    hasher = PasswordHasher(desk.keys.pepper, memory_kib=cost.memory_kib, passes=cost.passes)
    try:
        return hasher.hash(check_new_password(password, login_id))
    except ValueError as error:
        raise Complaint(str(error)) from None
