"""Who lives in the sandbox."""

from typing import NamedTuple

from moneyer.applications.application import Application, Lifetimes
from moneyer.customers.customer import CustomerType, Person
from moneyer.institutions.institution import Brand, Institution, Policy
from moneyer.protocol.clock import SECOND
from moneyer.protocol.scopes import Scopes

API_SCOPES: Scopes = (
    "accounts:read",
    "accounts:read_unmasked",
    "transactions:read",
    "images:read",
    "transfers:write",
    "recipients:read",
    "recipients:write",
    "recipients:delete",
    "disclosures:read",
    "disclosures:write",
    "institution-users:read",
    "alertMgmt:read",
    "alertMgmt:write",
    "alertPref:read",
    "alertPref:write",
    "alertHist:read",
    "alerts:publish",
)

PERSONAL_SCOPES: Scopes = (
    "accounts:read",
    "transactions:read",
    "images:read",
    "recipients:read",
    "recipients:write",
    "recipients:delete",
    "transfers:write",
    "disclosures:read",
    "disclosures:write",
    "alertPref:read",
    "alertPref:write",
    "alertHist:read",
)

_DAY = 86400
_LIFETIMES = Lifetimes(access_token=1800, code=60, refresh_idle=180 * _DAY, refresh_absolute=180 * _DAY)

INSTITUTIONS = (
    Institution("00016", "First Meridian Bank"),
    Institution(
        "00042",
        "Harbor Light Credit Union",
        policy=Policy(second_factor="strong-scopes"),
        brand=Brand(accent="#0b6b62"),
    ),
    Institution("07301", "Prairie & Sons Savings", brand=Brand(accent="#8a4b08")),
)


DEMO = "meridian-online"
"""The application behind `/demo`."""

APIS = "meridian-apis"
"""The APIs themselves, which follow revocations as a resource server."""

CLASSIC = "meridian-classic"
"""The application that still speaks V1."""


def demo_callbacks(base_url: str) -> tuple[str, ...]:
    """Where the demo takes its codes: at any port of this machine, and wherever else it is served."""
    return (*_LOOPBACK, f"{base_url}/demo/callback")


_LOOPBACK = ("http://127.0.0.1/demo/callback", "http://[::1]/demo/callback")


def applications(now: int, base_url: str) -> tuple[Application, ...]:
    """An application for each grant, and one for V1; the password grant is on for a year. The demo at
    `base_url` takes any port of this machine."""
    return (
        Application(
            "meridian-back-office",
            "Meridian Back Office",
            grants=("client_credentials",),
            scopes=API_SCOPES,
            institutions=("00016", "00042"),
            lifetimes=_LIFETIMES,
        ),
        Application(
            "harbor-mobile",
            "Harbor Mobile",
            grants=("password", "refresh_token"),
            scopes=PERSONAL_SCOPES,
            institutions=("00016",),
            lifetimes=_LIFETIMES,
            password_until=now + 365 * _DAY * SECOND,
        ),
        Application(
            "northstar-budget",
            "Northstar Budget",
            grants=("authorization_code", "refresh_token"),
            scopes=("accounts:read", "transactions:read", "openid", "profile", "offline_access"),
            institutions=("00016", "00042", "07301"),
            redirect_uris=("https://northstar.example/callback",),
            lifetimes=_LIFETIMES,
            consent_enabled=True,
        ),
        Application(
            DEMO,
            "Meridian Online",
            grants=("authorization_code", "refresh_token"),
            scopes=(
                *PERSONAL_SCOPES,
                "openid",
                "profile",
                "email",
                "phone",
                "offline_access",
            ),
            institutions=("00016", "00042", "07301"),
            redirect_uris=demo_callbacks(base_url),
            lifetimes=Lifetimes(),
            profile="standard",
            application_type="native",
            owner="Moneyer Sandbox",
            post_logout_redirect_uris=(f"{base_url}/demo",),
        ),
        Application(
            "meridian-sign-in",
            "Meridian Sign-in Page",
            grants=("client_credentials",),
            scopes=("institution-users:read",),
            institutions=("00016", "00042", "07301"),
            lifetimes=_LIFETIMES,
            is_sign_in_page=True,
        ),
        Application(
            APIS,
            "Meridian APIs",
            grants=(),
            institutions=("00016", "00042", "07301"),
            is_resource_server=True,
        ),
        Application(
            CLASSIC,
            "Meridian Classic",
            grants=("client_credentials", "password"),
            institutions=("00016", "00042"),
            lifetimes=_LIFETIMES,
            password_until=now + 365 * _DAY * SECOND,
            is_legacy=True,
        ),
    )


class Resident(NamedTuple):
    """A customer to be. Ids are fixed, so that what integrators write down stays true."""

    institution_id: str
    login_id: str
    password: str
    type: CustomerType
    person: Person
    customer_id: str
    host_user_id: str
    member_number: str
    businesses: tuple[str, ...] = ()


RESIDENTS = (
    Resident(
        "00016",
        "ada.marsh",
        "sandbox-ada-opens-doors",
        "RETAIL",
        Person("Ada", "Marsh", "1984-03-09", "ada.marsh@example.com", "+1 555 0100"),
        "5B7C1E90A4D24F6E8C3A1D2E4F506172",
        "H1000001",
        "700101",
    ),
    Resident(
        "00016",
        "ben.okafor",
        "sandbox-ben-rides-trains",
        "RETAIL",
        Person("Ben", "Okafor", "1991-11-23", "ben.okafor@example.com", "+1 555 0101"),
        "8E21D0C35F7B4A0995D6E4B3C2A19087",
        "H1000002",
        "700102",
    ),
    Resident(
        "00016",
        "clara.weiss",
        "sandbox-clara-bakes-bread",
        "BUSINESS",
        Person("Clara", "Weiss", "1976-06-30", "clara@weiss-bakery.example", "+1 555 0102"),
        "C0FFEE12D3B44E558A6677889900AABB",
        "H1000003",
        "700103",
        ("3f2a9d5c71e84b06a8d1c2e3f4051627", "9b8c7d6e5f404132a1b2c3d4e5f60718"),
    ),
    Resident(
        "00042",
        "ada.marsh",
        "sandbox-ada-sails-boats",
        "RETAIL",
        Person("Ada", "Marsh", "1984-03-09", "ada.marsh@example.com", "+1 555 0100"),
        "19D4A7B6E3F24C5B8A9706152433F1E0",
        "H2000001",
        "800201",
    ),
    Resident(
        "07301",
        "dmitri.holt",
        "sandbox-dmitri-grows-wheat",
        "BUSINESS",
        Person("Dmitri", "Holt", "1969-01-17", "dmitri@holt-grain.example", "+1 555 0103"),
        "F00D4A8B9C1D4E2F83746556473829AB",
        "H3000001",
        "900301",
        ("5d4c3b2a190847f6b5a49382716f5e4d",),
    ),
)
