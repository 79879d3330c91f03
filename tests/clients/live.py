"""A bank that real programs sign in at: a process of its own, over TLS, with the sandbox's cast."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

from moneyer.applications.application import Application
from moneyer.institutions.institution import issuer_of
from moneyer.keys.sealing import derive, new_master_key_file, parse_master_key
from moneyer.protocol.clock import SystemClock
from moneyer.sandbox.seed import populate
from moneyer.store.admin import Admin
from moneyer.store.engine import opened
from moneyer.store.upgrade import upgrade
from tests.browser import Page
from tests.certificates import self_signed
from tests.cli.process import free_port, serving


class LiveBank:
    """Three institutions and their customers, and applications of the test's own. Served by `serving`.

    Applications at loopback addresses, with the bank's own certificate, can be told of a sign-out.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trust = self_signed(folder)
        self.certificate = folder / "server.pem"
        self.port = free_port()
        self.base_url = f"https://127.0.0.1:{self.port}"
        self.issuer = issuer_of(self.base_url, "00016")
        self._database = folder / "bank.db"
        self._settings = folder / "moneyer.toml"
        self._settings.write_text(
            f'[server]\nbase_url = "{self.base_url}"\nport = {self.port}\n'
            f'tls_certificate = "{self.certificate}"\ntls_key = "{folder / "server.key"}"\n'
            f'allow_private_callbacks = true\n[store]\nsqlite = "{self._database}"\n'
            f'[keys]\nmaster_key_file = "{folder / "master.key"}"\n'
        )
        new_master_key_file(folder / "master.key")
        self._keys = derive(parse_master_key((folder / "master.key").read_text()))
        with opened(self._database) as engine:
            upgrade(engine)
            self.card = populate(engine, self._keys, self.base_url)

    def add(self, application: Application) -> str:
        """Registers an application, before the doors open; gives its secret."""
        with opened(self._database) as engine:
            admin = Admin(engine, SystemClock(), writer="test")
            return admin.applications.add(application, self._keys.client_secret)

    @contextmanager
    def serving(self) -> Iterator[LiveBank]:
        with serving(
            *("serve", "--settings", self._settings),
            folder=self.folder,
            ready=f"serving {self.base_url}",
            variables={"SSL_CERT_FILE": str(self.certificate)},
        ):
            yield self

    def browser(self) -> httpx.Client:
        """A browser with nothing in it."""
        return httpx.Client(base_url=self.base_url, verify=self.trust, trust_env=False)


class Person(NamedTuple):
    """A customer, and what they type."""

    login_id: str
    password: str


ADA = Person("ada.marsh", "sandbox-ada-opens-doors")


def walk(browser: httpx.Client, url: str, *buttons: str, person: Person = ADA) -> str:
    """Opens `url` and presses one button a page; gives where the browser is sent on to at the end."""
    answer = browser.get(url)
    for action in buttons:
        page = Page(answer.text)
        assert action in page.buttons, (action, page.text)
        form = {**page.hidden, "action": action}
        if action == "sign-in":
            form |= {"username": person.login_id, "password": person.password}
        answer = browser.post(page.action, data=form)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]
