"""A bank with standard applications, and a browser at it."""

from collections.abc import AsyncIterator

import pytest

from tests.bank import Bank
from tests.browser import Browser, standard_application


@pytest.fixture
async def bank(closed_bank: Bank) -> AsyncIterator[Bank]:
    for application in (
        standard_application(),
        standard_application("partner", is_third_party=True, owner="Partner Inc."),
    ):
        closed_bank.add_application(application)
    async with closed_bank.open() as bank:
        yield bank


@pytest.fixture
def browser(bank: Bank) -> Browser:
    return Browser(bank)
