"""What the sandbox serves besides the token service, each under paths of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from moneyer.endpoints.http import Answer, Request
from moneyer.endpoints.router import Guest
from moneyer.sandbox.cast import DEMO
from moneyer.sandbox.demo import Demo
from moneyer.sandbox.seed import ApplicationCard, SandboxFile


@asynccontextmanager
async def guests_of(card: SandboxFile) -> AsyncIterator[Guest]:
    """The demo, for as long as the body runs."""
    guests: list[Guest] = [_demo(card).handle]

    async def handle(request: Request) -> Answer | None:
        """The answer of the first whose path it is."""
        for guest in guests:
            if answer := await guest(request):
                return answer
        return None

    yield handle


def _demo(card: SandboxFile) -> Demo:
    """The demo application, as the card says that it is registered."""
    own = application(card, DEMO)
    institutions = [(i.id, i.name) for i in card.institutions if i.id in own.institutions]
    return Demo(card.base_url, own.client_id, own.client_secret, institutions)


def application(card: SandboxFile, client_id: str) -> ApplicationCard:
    """The card of one application, with its secret."""
    return next(a for a in card.applications if a.client_id == client_id)
