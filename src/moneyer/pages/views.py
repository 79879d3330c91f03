"""What each page is given: one struct a page, nothing that a template would have to look up."""

import msgspec

from moneyer.institutions.institution import Brand


class _Page(msgspec.Struct, frozen=True):
    """A page may hold what only its customer should see."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class Frame(msgspec.Struct, frozen=True):
    """What stands around every page. `root` is the path of the service, `issuer_path` the bank's."""

    institution_name: str
    brand: Brand
    language: str
    root: str
    issuer_path: str
    customer_name: str = ""


class SignIn(_Page, frozen=True):
    """`passkey_options` is JSON for the browser, "" where no passkey is offered."""

    action: str
    ticket: str
    application_name: str
    login_hint: str = ""
    error: str = ""
    passkey_options: str = ""


class SecondFactor(_Page, frozen=True):
    """`methods` are of totp, passkey, recovery, in the order in which they are offered."""

    action: str
    ticket: str
    application_name: str
    methods: tuple[str, ...]
    error: str = ""
    passkey_options: str = ""


class Enrol(_Page, frozen=True):
    """Setting up an authenticator app. `qr_svg` is our own markup."""

    action: str
    ticket: str
    qr_svg: str
    secret_text: str
    error: str = ""
    is_required: bool = False


class RecoveryCodes(_Page, frozen=True):
    """Shown once."""

    action: str
    ticket: str
    codes: tuple[str, ...]


class Consent(_Page, frozen=True):
    """What is asked for, by whom, for how long: `lifetime` in seconds."""

    action: str
    ticket: str
    application_name: str
    owner: str
    scopes: tuple[str, ...]
    identity: tuple[str, ...]
    is_offline: bool
    lifetime: int
    is_third_party: bool


class Problem(msgspec.Struct, frozen=True):
    """Something went wrong and nobody else can be told. `reference` finds it in the log.

    `back` leads to the application of that name, at `host`, where it is the customer's to go there.
    """

    kind: str
    reference: str
    back: str = ""
    application_name: str = ""
    host: str = ""


class SignOut(_Page, frozen=True):
    """Asks before signing out."""

    action: str
    ticket: str


class SignedOut(msgspec.Struct, frozen=True):
    """The session has ended."""


class ConnectedApplication(_Page, frozen=True):
    """Instants in microseconds since 1970."""

    client_id: str
    name: str
    owner: str
    scopes: tuple[str, ...]
    identity: tuple[str, ...]
    since: int
    last_used: int | None
    expires: int | None
    is_third_party: bool


class Connected(_Page, frozen=True):
    """What has access to the customer's accounts."""

    action: str
    ticket: str
    applications: tuple[ConnectedApplication, ...]
    security_url: str
    sign_out_url: str
    notice: str = ""


class PasskeyLine(_Page, frozen=True):
    """One passkey in the list."""

    factor_id: str
    label: str
    created_at: int
    last_used_at: int | None


class Security(_Page, frozen=True):
    """How the customer signs in."""

    action: str
    ticket: str
    has_totp: bool
    totp_id: str
    passkeys: tuple[PasskeyLine, ...]
    recovery_left: int
    registration_options: str
    connected_url: str
    sign_out_url: str
    notice: str = ""


class FormPost(_Page, frozen=True):
    """Takes the browser back with a form (OAuth 2.0 Form Post Response Mode)."""

    url: str
    fields: tuple[tuple[str, str], ...]
    application_name: str


View = (
    SignIn
    | SecondFactor
    | Enrol
    | RecoveryCodes
    | Consent
    | Problem
    | SignOut
    | SignedOut
    | Connected
    | Security
    | FormPost
)
