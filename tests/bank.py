"""A bank for tests: the whole service in this process, on a real store, with a clock to turn.

`Bank` speaks to it over its ASGI interface, so every test is a test of the wire.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import msgspec

from moneyer.app import build
from moneyer.applications.application import Application, Lifetimes
from moneyer.customers.customer import Customer, Person
from moneyer.customers.login import canonical_login
from moneyer.customers.passwords import PasswordHasher
from moneyer.endpoints.asgi import AsgiApp
from moneyer.guards.attempts import login_name
from moneyer.institutions.institution import Institution
from moneyer.keys.sealing import ServerKeys, derive, new_master_key_file
from moneyer.protocol.clock import SECOND
from moneyer.settings import Keys, Passwords, Server, Settings, Store
from moneyer.store.admin import Admin
from moneyer.store.database import PostgresqlUrl
from moneyer.store.engine import engine_for
from moneyer.store.upgrade import upgrade
from tests.postgresql import Postgresql

BASE = "https://bank.test"
PASSWORD = "correct horse battery staple"
DAY = 86400


class TestClock:
    """A clock that stands until it is turned."""

    __test__ = False

    def __init__(self, now: int = 1_800_000_000 * SECOND) -> None:
        self._now = now

    def now(self) -> int:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += int(seconds * SECOND)


class Bank:
    """Two institutions (00016, 00042), their applications and customers, and a way to call them.

    Applications: `machine` (client_credentials, both institutions), `mobile` (password and refresh,
    00016 alone), `web` (code and refresh, both), `page` (a sign-in page, both), `classic` (V1, both),
    `rival` (like mobile, at 00042 alone), `apis` (a resource server, both). Customers: `ada` at both
    institutions (two different people), `biz` at 00016.
    """

    def __init__(self, folder: Path, clock: TestClock, postgresql: Postgresql | None = None) -> None:
        self.folder = folder
        self.clock = clock
        self.secrets: dict[str, str] = {}
        self.customer_ids: dict[tuple[str, str], str] = {}
        new_master_key_file(folder / "master.key")
        self.settings = Settings(
            server=Server(base_url=BASE),
            store=_store(folder, postgresql),
            keys=Keys(master_key_file=str(folder / "master.key")),
            passwords=Passwords(memory_kib=12288, passes=1),
        )
        self.engine = engine_for(self.settings.database_to_migrate)
        upgrade(self.engine)
        self._desk_engine = engine_for(self.settings.database)
        self.admin = Admin(self._desk_engine, clock, writer="test-admin")
        self._http: httpx.AsyncClient | None = None
        self._populate()

    def dispose(self) -> None:
        """Lets go of the database."""
        self._desk_engine.dispose()
        self.engine.dispose()

    @property
    def keys(self) -> ServerKeys:
        return derive(self.settings.master_key())

    def _populate(self) -> None:
        for institution_id, name in (("00016", "First Meridian"), ("00042", "Harbor Light")):
            self.admin.institutions.add(Institution(institution_id, name))
        lifetimes = Lifetimes(access_token=1800, refresh_idle=14 * DAY, refresh_absolute=90 * DAY)
        scopes = ("accounts:read", "transactions:read", "transfers:write")
        until = self.clock.now() + 365 * DAY * SECOND
        both = ("00016", "00042")
        for application in (
            Application(
                "machine", "Machine", ("client_credentials",), scopes, both, lifetimes=lifetimes
            ),
            Application(
                "mobile",
                "Mobile",
                ("password", "refresh_token"),
                scopes,
                ("00016",),
                lifetimes=lifetimes,
                password_until=until,
            ),
            Application(
                "rival",
                "Rival",
                ("password", "refresh_token"),
                scopes,
                ("00042",),
                lifetimes=lifetimes,
                password_until=until,
            ),
            Application(
                "web",
                "Web",
                ("authorization_code", "refresh_token"),
                (*scopes, "openid", "profile", "offline_access"),
                both,
                ("https://web.example/callback",),
                lifetimes=lifetimes,
            ),
            Application(
                "classic",
                "Classic",
                ("client_credentials", "password"),
                (),
                both,
                password_until=until,
                is_legacy=True,
            ),
            Application(
                "page",
                "Page",
                ("client_credentials",),
                (),
                both,
                lifetimes=lifetimes,
                is_sign_in_page=True,
            ),
            Application("apis", "APIs", (), (), both, is_resource_server=True),
        ):
            self.add_application(application)
        for institution_id, login_id, type_ in (
            ("00016", "ada", "RETAIL"),
            ("00042", "ada", "RETAIL"),
            ("00016", "biz", "BUSINESS"),
        ):
            self.add_customer(institution_id, login_id, type_)

    def add_application(self, application: Application) -> str:
        """Registers an application; gives its secret, which `basic` then knows."""
        secret = self.admin.applications.add(application, self.keys.client_secret)
        self.secrets[application.client_id] = secret
        return secret

    def change_application(self, client_id: str, **members: Any) -> None:
        """Changes members of a registration. Call `refresh` for the service to know at once."""
        application = self.admin.applications.get(client_id)
        self.admin.applications.save(msgspec.structs.replace(application, **members))

    def add_customer(
        self, institution_id: str, login_id: str, type_: str = "RETAIL", password: str = PASSWORD
    ) -> Customer:
        customer_id = uuid.uuid4().hex.upper()
        hasher = PasswordHasher(
            self.keys.pepper,
            memory_kib=self.settings.passwords.memory_kib,
            passes=self.settings.passwords.passes,
        )
        customer = Customer(
            institution_id,
            customer_id,
            login_id,
            canonical_login(login_id),
            f"H-{customer_id[:8]}",
            type_,  # type: ignore[arg-type]
            member_number=f"M-{customer_id[:8]}",
            person=Person("Ada", "Marsh", "1984-03-09", "ada@example.com", "+1 555 0100"),
            businesses=(uuid.uuid4().hex,) if type_ == "BUSINESS" else (),
            password_hash=hasher.hash(password),
        )
        self.admin.customers.add(customer)
        self.customer_ids[institution_id, login_id] = customer_id
        return customer

    def change_customer(self, institution_id: str, login_id: str, **members: Any) -> None:
        """As an operator would: ends everything the customer was signed in to."""
        customer = self.admin.customers.by_login(institution_id, canonical_login(login_id))
        name = login_name(self.keys.guess, customer.login_key)
        changed = msgspec.structs.replace(customer, **members)
        self.admin.customers.save(changed, "customer:changed", name)

    @asynccontextmanager
    async def open(self, **settings: Any) -> AsyncIterator[Bank]:
        """Starts the service; `settings` replace sections of the bank's settings."""
        chosen = msgspec.structs.replace(self.settings, **settings)
        app = build(chosen, self.clock)
        async with lifespan(app):
            transport = httpx.ASGITransport(app, client=("192.0.2.7", 1234), raise_app_exceptions=True)
            async with httpx.AsyncClient(transport=transport, base_url=BASE) as self._http:
                yield self
        self._http = None

    @property
    def http(self) -> httpx.AsyncClient:
        assert self._http is not None, "open the bank first"
        return self._http

    async def refresh(self) -> None:
        """Makes the service read its directory now, instead of within a second."""
        response = await self.http.get("/health/ready")
        assert response.status_code == 200

    def basic(self, client_id: str, secret: str | None = None) -> str:
        pair = f"{client_id}:{self.secrets[client_id] if secret is None else secret}"
        return "Basic " + base64.b64encode(pair.encode()).decode()

    async def token(
        self,
        client_id: str,
        institution_id: str | None = "00016",
        *,
        headers: dict[str, str] | None = None,
        **form: Any,
    ) -> httpx.Response:
        """Calls the token endpoint with a form; `institution_id` None leaves the header out."""
        sent = {"Authorization": self.basic(client_id), **(headers or {})}
        if institution_id is not None:
            sent["institutionId"] = institution_id
        return await self.http.post("/oauth2/v1/token", data=form, headers=sent)

    async def raw(
        self,
        body: bytes | str,
        headers: list[tuple[str, str]] | dict[str, str] | None = None,
        *,
        path: str = "/oauth2/v1/token",
        method: str = "POST",
        client_id: str = "machine",
        authorize: bool = True,
    ) -> httpx.Response:
        """Sends exactly `body`; adds the credentials, media type and institution that are not given."""
        given = list(headers.items() if isinstance(headers, dict) else headers or [])
        names = {name.lower() for name, _ in given}
        if authorize and "authorization" not in names:
            given.append(("Authorization", self.basic(client_id)))
        if "content-type" not in names:
            given.append(("Content-Type", "application/x-www-form-urlencoded"))
        if "institutionid" not in names:
            given.append(("institutionId", "00016"))
        return await self.http.request(method, path, content=body, headers=given)

    async def sign_in(
        self, client_id: str = "mobile", institution_id: str = "00016", **form: Any
    ) -> Any:
        """The answer to a password grant that must succeed."""
        fields = {"grant_type": "password", "username": "ada", "password": PASSWORD, **form}
        response = await self.token(client_id, institution_id, **fields)
        assert response.status_code == 200, response.text
        return response.json()

    async def renew(
        self,
        refresh_token: str,
        client_id: str = "mobile",
        institution_id: str | None = "00016",
        **form: Any,
    ) -> httpx.Response:
        return await self.token(
            client_id,
            institution_id,
            grant_type="refresh_token",
            refresh_token=refresh_token,
            **form,
        )

    async def revoke(
        self, token: str, client_id: str = "mobile", method: str = "DELETE", **headers: str
    ) -> httpx.Response:
        return await self.http.request(
            method,
            "/oauth2/v1/revoke",
            content=urlencode({"token": token}),
            headers={
                "Authorization": self.basic(client_id),
                "Content-Type": "application/x-www-form-urlencoded",
                **headers,
            },
        )

    async def page_token(self, institution_id: str = "00016") -> str:
        """The access token of the bank's sign-in page."""
        answer = await self.token("page", institution_id, grant_type="client_credentials")
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def ask_code(
        self, institution_id: str = "00016", *, bearer: str | None = None, **form: Any
    ) -> httpx.Response:
        """Calls /v1/auth-code for `web` and `ada`, unless the form says otherwise."""
        bearer = bearer or await self.page_token(institution_id)
        fields = {
            "client_id": "web",
            "username": "ada",
            "institution_user_id": self.customer_ids[institution_id, "ada"],
            "scopes": "accounts:read,transactions:read",
            **form,
        }
        return await self.http.post(
            "/v1/auth-code",
            data=fields,
            headers={"Authorization": f"Bearer {bearer}", "institutionId": institution_id},
        )

    async def code(self, institution_id: str = "00016", **form: Any) -> str:
        """A code for `web` that must be given."""
        answer = await self.ask_code(institution_id, **form)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["code"])

    async def exchange(
        self, code: str, institution_id: str | None = "00016", **form: Any
    ) -> httpx.Response:
        return await self.token(
            "web", institution_id, grant_type="authorization_code", code=code, **form
        )

    def events(self, name: str | None = None) -> list[dict[str, Any]]:
        """The audit events so far, in order of each writer, as stored."""
        with self.engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT body FROM events ORDER BY writer, sequence").all()
        events = [msgspec.json.decode(row[0]) for row in rows]
        return [event for event in events if name is None or event["name"] == name]


MOULD = "mould"
"""The database of which each bank's is a copy: migrated, and empty."""

SERVER = "server"
"""Who serves and administers: a member of moneyer_serving, held by row-level security."""


def prepare(postgresql: Postgresql) -> None:
    """Makes the mould and the role that serves."""
    owner = PostgresqlUrl(postgresql.create_database(MOULD))
    engine = engine_for(owner)
    upgrade(engine)
    engine.dispose()
    postgresql.psql(f"CREATE ROLE {SERVER} LOGIN IN ROLE moneyer_serving")


def _store(folder: Path, postgresql: Postgresql | None) -> Store:
    if postgresql is None:
        return Store(sqlite=str(folder / "moneyer.db"))
    name = f"bank_{uuid.uuid4().hex}"
    owner = postgresql.create_database(name, template=MOULD)
    return Store(postgresql=postgresql.url(name, SERVER), postgresql_owner=owner)


@asynccontextmanager
async def lifespan(app: AsgiApp) -> AsyncIterator[None]:
    """Runs an ASGI application's lifespan around a test."""
    import asyncio

    inbox: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
    outbox: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
    task = asyncio.create_task(app({"type": "lifespan"}, inbox.get, outbox.put))
    await inbox.put({"type": "lifespan.startup"})
    started = asyncio.create_task(outbox.get())
    await asyncio.wait({task, started}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        started.cancel()
        await task
    try:
        yield
    finally:
        await inbox.put({"type": "lifespan.shutdown"})
        await task
