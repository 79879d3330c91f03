"""`moneyer check`: grades the settings and the registrations."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.text import Text

from moneyer.applications.application import Application
from moneyer.cli.context import (
    DataOption,
    JsonOption,
    Office,
    SettingsOption,
    console,
    in_words,
    office,
    print_json,
)
from moneyer.cli.findings import Finding, Grade
from moneyer.protocol.clock import SECOND, SystemClock

if TYPE_CHECKING:
    from moneyer.settings import Settings

_DAY = 86400


def check(
    settings: SettingsOption = None, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """Grade the settings and registrations; the exit status is 1 when something is bad."""
    from moneyer.cli.check_store import store_findings

    with office(settings, data) as desk:
        findings = [
            *settings_findings(desk.settings),
            *store_findings(desk.settings.database, desk.engine),
            *sealing_findings(desk),
            *registration_findings(desk),
        ]
    if as_json:
        print_json([{"grade": f.grade.value, "subject": f.subject, "words": f.words} for f in findings])
    else:
        colours = {Grade.GOOD: "green", Grade.WARNING: "yellow", Grade.BAD: "red"}
        for finding in findings:
            grade = (f"{finding.grade.value:8}", colours[finding.grade])
            line = Text.assemble(grade, f" {finding.subject}: {finding.words}")
            console.print(line, soft_wrap=True)
    if any(finding.grade is Grade.BAD for finding in findings):
        raise typer.Exit(1)


def settings_findings(settings: "Settings") -> list[Finding]:
    """What is to be said about the settings themselves."""
    found = []
    if settings.require_tls:
        found.append(Finding(Grade.GOOD, "server.base_url", "TLS is required"))
    else:
        found.append(
            Finding(Grade.BAD, "server.base_url", "tokens and passwords travel in the clear: use https")
        )
    if complaint := _master_key_complaint(settings):
        subject, _, words = complaint.partition(": ")
        found.append(Finding(Grade.BAD, subject, words))
    elif settings.keys.master_key:
        found.append(
            Finding(
                Grade.WARNING,
                "keys.master_key",
                "the master key stands in the settings or the environment; a file is safer",
            )
        )
    else:
        found.append(_master_key_file(Path(settings.keys.master_key_file)))
    if settings.login_limits.soft > 10 or settings.login_limits.hard > 100:
        found.append(
            Finding(
                Grade.WARNING,
                "login_limits",
                "more guesses than PCI DSS 8.3.4 and NIST 800-63B allow",
            )
        )
    networks = settings.trusted_proxies()
    if any(network.prefixlen == 0 for network in networks):
        found.append(
            Finding(Grade.BAD, "server.trusted_proxies", "every address may claim to be any other")
        )
    return found


def _master_key_complaint(settings: "Settings") -> str | None:
    """Why there is no usable master key; None when there is."""
    from moneyer.settings import BadSettings

    try:
        settings.master_key()
    except BadSettings as error:
        return str(error)
    return None


def _master_key_file(path: Path) -> Finding:
    if path.stat().st_mode & 0o077:
        return Finding(Grade.BAD, "keys.master_key_file", f"{path} can be read by others: chmod 600")
    return Finding(Grade.GOOD, "keys.master_key_file", "only its owner can read it")


def sealing_findings(desk: Office) -> list[Finding]:
    """Whether the master key is the one under which the signing keys were sealed."""
    from moneyer.keys.sealing import unseal

    if _master_key_complaint(desk.settings):
        return []
    found = []
    for institution in desk.admin.institutions.all():
        try:
            for key in desk.admin.institutions.keys(institution.institution_id):
                unseal(desk.keys.sealing, key)
        except ValueError as error:
            found.append(Finding(Grade.BAD, f"institution {institution.institution_id}", str(error)))
    return found


def registration_findings(desk: Office) -> list[Finding]:
    """What is to be said about each application."""
    now = SystemClock().now()
    found = []
    for application in desk.admin.applications.all():
        if application.status == "active":
            found += _application_findings(application, now)
            found += _secret_findings(desk, application, now)
    return found


def _application_findings(application: Application, now: int) -> list[Finding]:
    subject, found = f"application {application.client_id}", []

    def warn(words: str) -> None:
        found.append(Finding(Grade.WARNING, subject, words))

    lifetimes = application.lifetimes
    if max(lifetimes.access_token, lifetimes.legacy_token * application.is_legacy) > _DAY:
        warn("access tokens live longer than a day")
    if application.retry_window > 3600:
        warn("a stolen refresh token can be used unseen for more than an hour")
    if application.refresh_policy == "static" and "refresh_token" in application.grants:
        warn("refresh tokens do not rotate, so a stolen one is never noticed")
    if application.password_until is not None and now < application.password_until:
        warn(f"the password grant is on until {in_words(application.password_until)}")
    if application.is_legacy:
        warn("it may use the V1 endpoint, whose tokens open every legacy API: they have no scopes")
    if application.is_sign_in_page and not application.allowed_addresses:
        warn("it may ask for codes for every customer, from any address: set --allow-address")
    return found or [Finding(Grade.GOOD, subject, "nothing to remark")]


def _secret_findings(desk: Office, application: Application, now: int) -> list[Finding]:
    found = []
    for slot in desk.admin.applications.secrets_of(application.client_id):
        subject = f"application {application.client_id}, secret {slot.slot}"
        if slot.expires_at is not None and slot.expires_at <= now:
            continue
        if now - slot.created_at > 365 * _DAY * SECOND:
            found.append(Finding(Grade.WARNING, subject, "older than a year: rotate-secret"))
        if now - (slot.last_used_at or slot.created_at) > 90 * _DAY * SECOND:
            found.append(Finding(Grade.WARNING, subject, "not used for 90 days"))
    return found
