"""What the terminal shows when the sandbox has started."""

import uuid

from rich.console import Console

from moneyer.columns import aligned
from moneyer.sandbox.cast import CLASSIC
from moneyer.sandbox.seed import ApplicationCard, SandboxFile


def welcome(console: Console, card: SandboxFile, folder: str, *, strict: bool = False) -> None:
    """Prints who is there, and lines to paste for each thing to try.

    No line is cut or wrapped: all of it is meant to be copied.
    """

    def say(line: str = "", style: str | None = None) -> None:
        console.print(line, style=style, markup=False, emoji=False, highlight=False, soft_wrap=True)

    say()
    say(f"Moneyer's sandbox at {card.base_url}", "bold")
    say()
    say("Institutions", "bold")
    for line in aligned(
        [("institutionId", "name", "issuer"), *((i.id, i.name, i.issuer) for i in card.institutions)]
    ):
        say(f"  {line}")
    say()
    say("Applications", "bold")
    for application in card.applications:
        say(f"  {application.client_id}")
        say(f"    secret        {application.client_secret}")
        say(f"    grants        {' '.join(application.grants)}")
        say(f"    institutions  {' '.join(application.institutions)}")
    say()
    say("Customers", "bold")
    customers = ((c.institution, c.login_id, c.password, c.type) for c in card.customers)
    for line in aligned([("institution", "login id", "password", "type"), *customers]):
        say(f"  {line}")
    say()
    say("In a browser", "bold")
    say(f"  {card.base_url}/docs   every call of the bank; the legacy ones at /docs/legacy")
    say(f"  {card.base_url}/demo   sign in with your bank, and look at the tokens")
    for institution in card.institutions:
        say(f"  {institution.issuer}/account/applications   what is connected at {institution.name}")
    say()
    say("Faults to order", "bold")
    say("  -H 'Moneyer-Fault: lost-answer' on any request, or `moneyer fault set`")
    say(f"  {card.base_url}/docs/faults   what there is")
    for title, command in commands(card, strict=strict):
        say()
        say(f"# {title}", "bold")
        say(command)
    say()
    say(f"All of this as JSON: {folder}/sandbox.json. Change it beside the running server with")
    say("`moneyer application`, `moneyer customer`, `moneyer institution`. Stop with Ctrl-C.")
    say()


def commands(card: SandboxFile, *, strict: bool = False) -> list[tuple[str, str]]:
    """What to try, in an order in which it works: a title, and lines for a shell.

    `strict` adds the transactionId that the sandbox then demands, another to each line.
    """
    base = card.base_url
    service = _with(card, "client_credentials")
    mobile = _with(card, "password")
    web = _with(card, "authorization_code")
    page = next(a for a in card.applications if "sign-in" in a.client_id)
    classic = next(a for a in card.applications if a.client_id == CLASSIC)
    person = next(c for c in card.customers if c.institution in mobile.institutions)
    institution = f' -H "institutionId: {person.institution}"'

    def curl(path: str) -> str:
        transaction = f' -H "transactionId: {uuid.uuid4()}"' if strict else ""
        return f"curl -s {base}{path}{transaction}"

    def token(application: ApplicationCard) -> str:
        return f"{curl('/oauth2/v1/token')}{_user(application)}{institution}"

    return [
        (
            "client_credentials: a token for an institution",
            f"{token(service)} -d grant_type=client_credentials; echo",
        ),
        (
            "password: a customer signs in",
            f"ANSWER=$({token(mobile)} -d grant_type=password "
            f'-d username={person.login_id} -d password={person.password}); echo "$ANSWER"',
        ),
        (
            "refresh_token: renewal without a new sign-in",
            f"{_take('REFRESH', 'refresh_token', 'ANSWER')}\n"
            f"ANSWER=$({token(mobile)} -d grant_type=refresh_token "
            '-d refresh_token=$REFRESH); echo "$ANSWER"',
        ),
        (
            "authorization_code: a bank's sign-in page asks for a code, the application takes it",
            f"PAGE=$({token(page)} -d grant_type=client_credentials)\n"
            f"{_take('PAGE_TOKEN', 'access_token', 'PAGE')}\n"
            f"GIVEN=$({curl('/v1/auth-code')}{institution} "
            f'-H "Authorization: Bearer $PAGE_TOKEN" -d client_id={web.client_id} '
            f"-d scopes=accounts:read,transactions:read -d username={person.login_id} "
            f"-d institution_user_id={person.institution_user_id} "
            "-d requested_scopes=openid,profile,offline_access)\n"
            f"{_take('CODE', 'code', 'GIVEN')}\n"
            f"{token(web)} -d grant_type=authorization_code -d code=$CODE; echo",
        ),
        (
            "revocation: that refresh token and everything made from it; 204 says that it is done",
            f"{_take('REFRESH', 'refresh_token', 'ANSWER')}\n"
            f"{curl('/oauth2/v1/revoke')}{_user(mobile)} -X DELETE -d token=$REFRESH "
            "-w '%{http_code}\\n'",
        ),
        (
            "V1: a token for the legacy APIs, in XML",
            f'OLD=$(curl -s {base}/v1/oauth/token{_user(classic)} -H "di_fiid: {person.institution}" '
            f'-H "di_tid: {uuid.uuid4()}" -d grant_type=client_credentials); echo "$OLD"',
        ),
        (
            "Get FI Customer: a legacy API, which takes only such tokens",
            "OLD_TOKEN=$(echo \"$OLD\" | sed 's:.*<access_token>\\(.*\\)</access_token>.*:\\1:')\n"
            f'curl -s "{base}/bankingservices/v2/fis/{person.institution}/fiCustomers/'
            f'{person.login_id}?fiCustomerIdType=LOGINID" -H "Authorization: Bearer $OLD_TOKEN" '
            f'-H "di_tid: {uuid.uuid4()}"; echo',
        ),
    ]


def _with(card: SandboxFile, grant: str) -> ApplicationCard:
    return next(a for a in card.applications if grant in a.grants)


def _user(application: ApplicationCard) -> str:
    return f" -u {application.client_id}:{application.client_secret}"


def _take(variable: str, member: str, answer: str) -> str:
    """A shell line that takes one member out of a JSON answer."""
    return f'{variable}=$(echo "${answer}" | sed \'s/.*"{member}":"\\([^"]*\\)".*/\\1/\')'
