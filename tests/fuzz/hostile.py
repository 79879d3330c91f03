"""Hostile requests: valid ones of every endpoint, spoiled in up to four ways, from one generator."""

from random import Random
from urllib.parse import quote_plus

from tests.bank import PASSWORD, Bank
from tests.fuzz.corpus import (
    AUTH_CODE,
    AUTHORIZE,
    FEED,
    FORM,
    GRANTS,
    LEGACY,
    REVOKE,
    SCOPES,
    TOKEN,
    Hostile,
    Pool,
)
from tests.fuzz.spoilers import Spoilers


class Grammar:
    """Draws requests. The same `random` and the same bank give the same requests."""

    def __init__(self, bank: Bank, pool: Pool, random: Random) -> None:
        self.bank, self.pool, self.random = bank, pool, random
        self.spoilers = Spoilers(bank, random)

    def draw(self) -> Hostile:
        """A request that is valid, or was before it was spoiled."""
        request = self.random.choices(
            (self.token, self.legacy, self.revoke, self.back_channel, self.public, self.follow),
            (10, 3, 3, 4, 2, 1),
        )[0]()
        for _ in range(self.random.choice((0, 1, 1, 1, 1, 2, 2, 3, 4))):
            self.spoilers.spoil(request)
        request.chunks = self.cut(request.body)
        return request

    def token(self) -> Hostile:
        grant = self.random.choices(GRANTS[:4], (40, 1, 20, 40))[0]
        form: list[tuple[str, str]] = [("grant_type", grant)]
        client, institution = "machine", self.random.choice(("00016", "00042"))
        if grant == "password":
            client, institution = self.random.choice((("mobile", "00016"), ("rival", "00042")))
            form += [("username", self.random.choice(("ada", "biz", "Ada"))), ("password", PASSWORD)]
        elif grant == "refresh_token" and self.pool.refresh:
            client, institution, token = self.random.choice(self.pool.refresh)
            form.append(("refresh_token", token))
        elif grant == "authorization_code" and self.pool.codes:
            institution, code = self.random.choice(self.pool.codes)
            client = "web"
            form.append(("code", code))
            if self.random.random() < 0.3:
                form.append(("redirect_uri", "https://web.example/callback"))
        if self.random.random() < 0.4:
            separator, name = self.random.choice(((",", "scopes"), (" ", "scope"), (", ", "scopes")))
            form.append((name, separator.join(self.random.sample(SCOPES, self.random.randint(1, 3)))))
        return self.post(TOKEN, form, self.bank.basic(client), institution)

    def legacy(self) -> Hostile:
        grant = self.random.choices(GRANTS[:4], (40, 1, 1, 4))[0]
        form: list[tuple[str, str]] = [("grant_type", grant)]
        if grant == "password":
            form += [("username", self.random.choice(("ada", "biz"))), ("password", PASSWORD)]
        institution = self.random.choice(("00016", "00042"))
        request = self.post(LEGACY, form, self.bank.basic("classic"), institution)
        request.headers += [
            (b"di_fiid", institution.encode()),
            (b"di_tid", b"7d5b7e2c-9f43-4c8e-8a51-0a1b2c3d4e5f"),
        ]
        if self.random.random() < 0.3:
            request.headers.append((b"originating_ip", b"2001:db8::7"))
        return request

    def revoke(self) -> Hostile:
        tokens = [*self.pool.access[-20:], *(token for _, _, token in self.pool.refresh[-20:]), "junk"]
        client = self.random.choice(("mobile", "machine", "web", "rival", "classic"))
        form = [("token", self.random.choice(tokens)), ("token_type_hint", "refresh_token")]
        request = self.post(REVOKE, form, self.bank.basic(client), "00016")
        request.method = self.random.choice(("DELETE", "POST"))
        return request

    def back_channel(self) -> Hostile:
        institution, bearer = self.random.choice(self.pool.bearers)
        form = [("client_id", self.random.choice(("web", "web", "web", "page", "mobile", "nobody")))]
        path = self.random.choice((AUTHORIZE, AUTH_CODE, AUTH_CODE))
        if path == AUTH_CODE:
            form += [("username", "ada"), ("scopes", "accounts:read")]
            form.append(("institution_user_id", self.bank.customer_ids[institution, "ada"]))
            for name, value in (
                *(("requested_scopes", "openid,offline_access"), ("nonce", "n-0S6_WzA2Mj")),
                *(("aud", "https://api.example"), ("auth_time", "1799999990")),
            ):
                if self.random.random() < 0.5:
                    form.append((name, value))
        return self.post(path, form, f"Bearer {bearer}", institution)

    def follow(self) -> Hostile:
        """A resource server that asks for revocations, or somebody who is none."""
        client = self.random.choice(("apis", "apis", "apis", "machine", "mobile"))
        known = b"after=0123456789abcdef.%d.%d.%d" % tuple(self.random.randrange(10**9) for _ in "abc")
        query = self.random.choice((b"", known, known + b"&wait=0", b"after=x", b"wait=-1", known * 2))
        headers = [
            (b"host", b"bank.test"),
            (b"authorization", self.bank.basic(client).encode()),
        ]
        return Hostile("GET", FEED, query, headers, b"", source=self.source())

    def public(self) -> Hostile:
        institution = self.random.choice(("00016", "00042", "99999", "16", "-", "a" * 33))
        path = self.random.choice(
            (
                *("/health/live", "/health/ready", f"/i/{institution}/oauth2/jwks", "/", "*"),
                f"/i/{institution}/.well-known/openid-configuration",
                f"/i/{institution}/.well-known/oauth-authorization-server",
                f"/.well-known/oauth-authorization-server/i/{institution}",
            )
        )
        return Hostile("GET", path, b"", [(b"host", b"bank.test")], b"", source=self.source())

    def post(
        self, path: str, form: list[tuple[str, str]], authorization: str, institution: str
    ) -> Hostile:
        body = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in form)
        headers = [
            (b"host", b"bank.test"),
            (b"authorization", authorization.encode()),
            (b"content-type", FORM),
            (b"institutionid", institution.encode()),
        ]
        if self.random.random() < 0.3:
            headers.append((b"transactionid", b"7d5b7e2c-9f43-4c8e-8a51-0a1b2c3d4e5f"))
        return Hostile("POST", path, b"", headers, body.encode(), source=self.source())

    def source(self) -> str | None:
        number = self.random.randrange(5000)
        return self.random.choice((f"10.0.{number % 250}.{number // 250}", f"2001:db8:{number:x}::1"))

    def cut(self, body: bytes) -> list[bytes | None]:
        """The body in pieces, now and then without its end."""
        chance = self.random.random()
        if chance < 0.9 or not body:
            return [body]
        at = self.random.randrange(len(body))
        return [body[:at], body[at:] if chance < 0.97 else None]
