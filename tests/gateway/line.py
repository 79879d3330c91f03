"""A line to the token service that a test holds in its hand."""

from typing import Any

import httpx

from moneyer.gateway.build import GuardSettings
from tests.bank import BASE, Bank


class Line(httpx.AsyncBaseTransport):
    """Leads to one or several processes of the service in turn; can be cut."""

    def __init__(self, *ends: httpx.AsyncBaseTransport) -> None:
        self.ends = list(ends)
        self.is_cut = False
        self.asked: list[httpx.URL] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.is_cut:
            raise httpx.ConnectError("cut")
        self.asked.append(request.url)
        self.ends.append(self.ends.pop(0))
        return await self.ends[-1].handle_async_request(request)


def settings_of(bank: Bank, **members: Any) -> GuardSettings:
    return GuardSettings(BASE, "apis", bank.secrets["apis"], **members)
