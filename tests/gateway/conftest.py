"""A guard that follows a bank in this process."""

from collections.abc import AsyncIterator

import httpx
import pytest

from moneyer.gateway.build import GuardSettings, guarding
from moneyer.gateway.guard import Guard
from tests.bank import BASE, Bank
from tests.gateway.calls import transport_of


@pytest.fixture
async def guard(bank: Bank) -> AsyncIterator[Guard]:
    """Checks calls for both institutions of the bank."""
    settings = GuardSettings(BASE, "apis", bank.secrets["apis"])
    async with guarding(settings, clock=bank.clock, transport=transport_of(bank)) as guard:
        yield guard


@pytest.fixture
def transport(bank: Bank) -> httpx.AsyncBaseTransport:
    return transport_of(bank)
