"""What the terminal shows when the sandbox has started."""

from rich.console import Console
from rich.table import Table

from moneyer.sandbox.seed import ApplicationCard, SandboxFile


def welcome(console: Console, card: SandboxFile, folder: str) -> None:
    """Prints who is there, and a line to paste for each thing to try."""
    console.print(f"\n[bold]Moneyer's sandbox[/bold] at [cyan]{card.base_url}[/cyan]\n")
    institutions = Table("institutionId", "name", "issuer", title="Institutions")
    for institution in card.institutions:
        institutions.add_row(institution.id, institution.name, institution.issuer)
    applications = Table("client id", "client secret", "grants", "institutions", title="Applications")
    for application in card.applications:
        applications.add_row(
            application.client_id,
            application.client_secret,
            " ".join(application.grants),
            " ".join(application.institutions),
        )
    customers = Table("institution", "login id", "password", "type", title="Customers")
    for customer in card.customers:
        customers.add_row(customer.institution, customer.login_id, customer.password, customer.type)
    for table in (institutions, applications, customers):
        table.title_justify = "left"
        console.print(table)
    for title, command in commands(card):
        console.print(f"\n[bold]# {title}[/bold]")
        # As plain text, never wrapped: it is meant to be copied.
        console.print(command, markup=False, highlight=False, soft_wrap=True)
    console.print(
        f"\nAll of this as JSON: {folder}/sandbox.json. Change it beside the running server with "
        "`moneyer application`, `moneyer customer`, `moneyer institution`.\nStop with Ctrl-C.\n",
        soft_wrap=True,
    )


def commands(card: SandboxFile) -> list[tuple[str, str]]:
    """What to try, in an order in which it works: a title, and lines for a shell."""
    token = f"{card.base_url}/oauth2/v1/token"
    service = _with(card, "client_credentials")
    mobile = _with(card, "password")
    web = _with(card, "authorization_code")
    page = next(a for a in card.applications if "sign-in" in a.client_id)
    person = next(c for c in card.customers if c.institution in mobile.institutions)
    institution = person.institution
    back_channel = (
        f'-H "Authorization: Bearer $PAGE_TOKEN" -H "institutionId: {institution}" '
        f"-d client_id={web.client_id}"
    )
    return [
        (
            "client_credentials: a token for an institution",
            f"{_curl(token, service, institution)} -d grant_type=client_credentials",
        ),
        (
            "password: a customer signs in",
            f"ANSWER=$({_curl(token, mobile, institution)} -d grant_type=password "
            f'-d username={person.login_id} -d password={person.password}); echo "$ANSWER"',
        ),
        (
            "refresh_token: renewal without a new sign-in",
            f"{_take('REFRESH', 'refresh_token', 'ANSWER')}\n"
            f"ANSWER=$({_curl(token, mobile, institution)} -d grant_type=refresh_token "
            '-d refresh_token=$REFRESH); echo "$ANSWER"',
        ),
        (
            "authorization_code: a bank's sign-in page asks for a code, the application takes it",
            f"PAGE=$({_curl(token, page, institution)} -d grant_type=client_credentials)\n"
            f"{_take('PAGE_TOKEN', 'access_token', 'PAGE')}\n"
            f"CODE=$(curl -s {card.base_url}/v1/auth-code {back_channel} "
            f"-d scopes=accounts:read,transactions:read -d username={person.login_id} "
            f"-d institution_user_id={person.institution_user_id} "
            "-d requested_scopes=openid,profile,offline_access)\n"
            f"{_take('CODE', 'code', 'CODE')}\n"
            f"{_curl(token, web, institution)} -d grant_type=authorization_code -d code=$CODE",
        ),
        (
            "revocation: the family of that refresh token, and everything made from it",
            f"{_take('REFRESH', 'refresh_token', 'ANSWER')}\n"
            f"curl -s -o /dev/null -w '%{{http_code}}\\n' -X DELETE "
            f"{card.base_url}/oauth2/v1/revoke -u {mobile.client_id}:{mobile.client_secret} "
            "-d token=$REFRESH",
        ),
    ]


def _with(card: SandboxFile, grant: str) -> ApplicationCard:
    return next(a for a in card.applications if grant in a.grants)


def _curl(url: str, application: ApplicationCard, institution: str) -> str:
    return (
        f"curl -s {url} -u {application.client_id}:{application.client_secret} "
        f'-H "institutionId: {institution}"'
    )


def _take(variable: str, member: str, answer: str) -> str:
    """A shell line that takes one member out of a JSON answer."""
    return f'{variable}=$(echo "${answer}" | sed \'s/.*"{member}":"\\([^"]*\\)".*/\\1/\')'
