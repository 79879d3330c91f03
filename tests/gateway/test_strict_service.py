"""A guard in front of a token service that demands a transactionId of everyone."""

import msgspec

from moneyer.gateway.build import GuardSettings, guarding
from tests.bank import BASE, PASSWORD, Bank
from tests.gateway.calls import check, transport_of


async def test_a_guard_follows_a_service_that_demands_a_transaction_id(closed_bank: Bank) -> None:
    """It sends one, as every caller has to; otherwise it would hear nothing and let nothing through."""
    server = msgspec.structs.replace(closed_bank.settings.server, require_transaction_id=True)
    async with closed_bank.open(server=server) as bank:
        settings = GuardSettings(BASE, "apis", bank.secrets["apis"])
        async with guarding(settings, clock=bank.clock, transport=transport_of(bank)) as guard:
            headers = {"transactionId": "7d5b7e2c-9f43-4c8e-8a51-0a1b2c3d4e5f"}
            answer = await bank.token(
                "mobile", headers=headers, grant_type="password", username="ada", password=PASSWORD
            )
            verified = await check(guard, answer.json()["access_token"])
            assert verified.customer_id == bank.customer_ids["00016", "ada"]
