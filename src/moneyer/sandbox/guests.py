"""What the sandbox serves besides the token service, each under paths of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from urllib.parse import urlsplit

from moneyer.customers.passwords import PasswordHasher
from moneyer.endpoints.http import Answer, Request
from moneyer.endpoints.router import Guest
from moneyer.gateway.build import GuardSettings, guarding
from moneyer.keys.sealing import ServerKeys, derive, parse_master_key
from moneyer.protocol.clock import SystemClock
from moneyer.sandbox.bank.bank import Bank
from moneyer.sandbox.cast import APIS, DEMO
from moneyer.sandbox.customers import StoredCustomers
from moneyer.sandbox.demo import Demo
from moneyer.sandbox.legacy.call import Desk
from moneyer.sandbox.legacy.legacy import Legacy
from moneyer.sandbox.registry import StoredRegistry
from moneyer.sandbox.seed import ApplicationCard, SandboxFile, SandboxFolder
from moneyer.store.engine import opened


@asynccontextmanager
async def guests_of(
    card: SandboxFile, folder: SandboxFolder, *, strict: bool = False
) -> AsyncIterator[Guest]:
    """The demo, the bank and its legacy APIs, for as long as the body runs.

    The bank's guard follows the token service over HTTP, as the guard of any bank does. `strict`
    demands a transactionId of each call. Raises OSError, JournalDamaged, JournalFull.
    """
    apis = application(card, APIS)
    settings = GuardSettings(card.base_url, apis.client_id, apis.client_secret)
    with opened(folder.database) as engine:
        customers = StoredCustomers(engine)
        async with guarding(settings) as guard:
            bank = Bank(
                guard,
                customers,
                customers.house,
                folder.path,
                SystemClock(),
                base_url=card.base_url,
                base_path=urlsplit(card.base_url).path,
                require_transaction_id=strict,
            )
            hasher = PasswordHasher(_keys(folder).pepper)
            with closing(bank), closing(StoredRegistry(engine, hasher)) as registry:
                legacy = Legacy(
                    guard,
                    Desk(bank.books, registry),
                    SystemClock(),
                    base_url=card.base_url,
                    base_path=urlsplit(card.base_url).path,
                )
                yield _first_of(_demo(card).handle, bank.handle, legacy.handle)


def _keys(folder: SandboxFolder) -> ServerKeys:
    return derive(parse_master_key(folder.master_key.read_text()))


def _first_of(*guests: Guest) -> Guest:
    async def handle(request: Request) -> Answer | None:
        """The answer of the first whose path it is."""
        for guest in guests:
            if answer := await guest(request):
                return answer
        return None

    return handle


def _demo(card: SandboxFile) -> Demo:
    """The demo application, as the card says that it is registered."""
    own = application(card, DEMO)
    institutions = [(i.id, i.name) for i in card.institutions if i.id in own.institutions]
    return Demo(card.base_url, own.client_id, own.client_secret, institutions)


def application(card: SandboxFile, client_id: str) -> ApplicationCard:
    """The card of one application, with its secret."""
    return next(a for a in card.applications if a.client_id == client_id)
