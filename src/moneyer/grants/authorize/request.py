"""Reading an authorization request (RFC 6749 section 4.1.1, OpenID Connect Core section 3.1.2.1)."""

import re
from typing import Literal

import msgspec

from moneyer.applications.application import Application, require_grant
from moneyer.grants.authorize.wishes import read_wishes
from moneyer.institutions.institution import Institution
from moneyer.protocol import pkce
from moneyer.protocol.failures import (
    BadParameter,
    BadRequest,
    BadScope,
    NotPermitted,
    SentBack,
    ShownHere,
)
from moneyer.protocol.form import Form
from moneyer.protocol.redirect_uri import MAX_BYTES as MAX_URI
from moneyer.protocol.scopes import IDENTITY_SCOPES, Scopes, narrow, split_scopes
from moneyer.store.snapshot import Snapshot

MAX_STATE = 2048
MAX_NONCE = 256
LONGEST_AGE = 10 * 366 * 86400

_OPENID_SCOPES = IDENTITY_SCOPES | {"address"}
"""Those that OpenID Connect Core defines (sections 5.4 and 11); no bank tells addresses here."""
_PROMPTS = frozenset({"none", "login", "consent", "select_account"})
_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|\[::1\]):[0-9]{1,5}(?=[/?]|$)")


class AuthorizationRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request whose sender is known and whose parameters are right.

    `scopes` open APIs, `identity` are those of OpenID Connect; `claims` are asked for by name, each
    after `id_token:` or `userinfo:`. `acr_values` are wished for, or demanded where `acr_is_essential`.
    `subject` is whom it must be about, as the application knows them. Seconds.
    """

    client_id: str
    redirect_uri: str
    code_challenge: str
    scopes: Scopes = ()
    identity: Scopes = ()
    state: str | None = None
    nonce: str = ""
    response_mode: Literal["query", "form_post"] = "query"
    prompt: tuple[str, ...] = ()
    max_age: int | None = None
    acr_values: tuple[str, ...] = ()
    acr_is_essential: bool = False
    claims: tuple[str, ...] = ()
    login_hint: str = ""
    ui_locales: str = ""
    subject: str = ""
    id_token_hint: str = ""
    pushed: str = ""

    def __repr__(self) -> str:
        return f"AuthorizationRequest({self.client_id!r})"


def find_application(form: Form, snapshot: Snapshot, institution: Institution) -> Application:
    """The application that asks. Raises ShownHere unless it is known, active and entitled."""
    try:
        client_id = form.require("client_id", 128)
    except BadRequest:
        raise ShownHere("unknown-application", "client-id-missing") from None
    return known_application(client_id, snapshot, institution)


def known_application(client_id: str, snapshot: Snapshot, institution: Institution) -> Application:
    """The application as it is registered now. Raises ShownHere where it may not act here."""
    application = snapshot.application(client_id)
    if application is None or application.status != "active":
        raise ShownHere("unknown-application", "client-unknown")
    if institution.institution_id not in application.entitled:
        raise ShownHere("unknown-application", "not-entitled")
    return application


def find_redirect_uri(form: Form, application: Application) -> str:
    """Where the answer goes. Raises ShownHere unless it is, byte for byte, one of those registered.

    A native application's loopback port is its own choice at every start (RFC 8252 section 7.3).
    """
    try:
        uri = form.require("redirect_uri", MAX_URI)
    except BadRequest:
        raise ShownHere("bad-redirect", "redirect-uri-missing") from None
    if uri in application.redirect_uris:
        return uri
    if application.application_type == "native" and (found := _LOOPBACK.match(uri)):
        without_port = f"http://{found[1]}{uri[found.end() :]}"
        port = int(found[0].rpartition(":")[2])
        if port <= 65535 and without_port in application.redirect_uris:
            return uri
    raise ShownHere("bad-redirect", "redirect-uri-not-registered")


def read_request(
    form: Form, application: Application, institution: Institution, redirect_uri: str, now: int
) -> AuthorizationRequest:
    """What `application` asks for. Raises SentBack for everything that is wrong with it."""
    try:
        require_grant(application, institution, "authorization_code", now)
        _refuse_unsupported(form)
        requested = _scopes(form, application)
        api = tuple(scope for scope in requested if scope not in IDENTITY_SCOPES)
        wishes = read_wishes(form.text("claims", 4096))
        wished = (form.printable("acr_values", 1024) or "").split()
        challenge = pkce.check_challenge(
            form.printable("code_challenge", 128), form.printable("code_challenge_method", 16)
        )
        if challenge is None:
            raise BadParameter("code_challenge", "missing")
        return AuthorizationRequest(
            application.client_id,
            redirect_uri,
            challenge,
            scopes=api,
            identity=tuple(scope for scope in requested if scope in IDENTITY_SCOPES),
            state=form.text("state", MAX_STATE),
            nonce=form.text("nonce", MAX_NONCE) or "",
            response_mode=_response_mode(form),
            prompt=_prompt(form),
            max_age=_max_age(form),
            acr_values=wishes.acr_values or tuple(wished),
            acr_is_essential=wishes.acr_is_essential,
            claims=wishes.claims,
            login_hint=form.text("login_hint", 256) or "",
            ui_locales=form.printable("ui_locales", 256) or "",
            subject=wishes.subject,
            id_token_hint=form.printable("id_token_hint", 8192) or "",
        )
    except BadScope as failure:
        raise SentBack(
            "invalid_scope", failure.reason, "scope is malformed or not registered"
        ) from None
    except BadParameter as failure:
        raise SentBack(
            "invalid_request", failure.reason, f"{failure.parameter} is missing or malformed"
        ) from None
    except NotPermitted as failure:
        raise SentBack(
            "unauthorized_client", failure.reason, "the application may not use this grant here"
        ) from None


def answer_shape(form: Form) -> tuple[str | None, Literal["query", "form_post"]]:
    """State and response mode, as far as they can be read, to answer a request that is refused."""
    try:
        state = form.text("state", MAX_STATE)
    except BadRequest:
        state = None
    try:
        return state, _response_mode(form)
    except (BadRequest, SentBack):
        return state, "query"


def _refuse_unsupported(form: Form) -> None:
    """Raises SentBack, BadParameter."""
    for parameter, error in (
        ("request", "request_not_supported"),
        ("request_uri", "request_uri_not_supported"),
        ("registration", "registration_not_supported"),
    ):
        if form.has_any(frozenset({parameter})):
            raise SentBack(error, f"{parameter}-given", f"{parameter} is not supported here")
    if form.require("response_type", 64) != "code":
        raise SentBack(
            "unsupported_response_type", "response-type", "response_type is code, nothing else"
        )


def _scopes(form: Form, application: Application) -> Scopes:
    """The scopes asked for; without any, all of the application's that open an API."""
    text = form.printable("scope", 2048)
    if text is None:
        return application.api_scopes
    # What OpenID Connect defines and is not registered is left out (Core section 3.1.2.1); rights at
    # an API are not.
    asked = [
        scope
        for scope in split_scopes(text, " ")
        if scope not in _OPENID_SCOPES or scope in application.scopes
    ]
    return narrow(tuple(asked), application.scopes)


def _response_mode(form: Form) -> Literal["query", "form_post"]:
    mode = form.printable("response_mode", 32)
    if mode in (None, "query"):
        return "query"
    if mode == "form_post":
        return "form_post"
    raise BadParameter("response_mode", "not-supported")


def _prompt(form: Form) -> tuple[str, ...]:
    prompts = tuple(dict.fromkeys((form.printable("prompt", 128) or "").split()))
    if not _PROMPTS.issuperset(prompts) or ("none" in prompts and len(prompts) > 1):
        raise BadParameter("prompt", "not-supported")
    return prompts


def _max_age(form: Form) -> int | None:
    text = form.printable("max_age", 16)
    if text is None:
        return None
    if not text.isdecimal() or not text.isascii() or int(text) > LONGEST_AGE:
        raise BadParameter("max_age", "not-seconds")
    return int(text)
