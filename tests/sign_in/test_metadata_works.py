"""Every value that the metadata announces is done over HTTP, for each algorithm a bank may sign by."""

from typing import Any

import msgspec
import pytest

from tests.bank import Bank
from tests.browser import Browser
from tests.sign_in.exercises import addresses, clients, customers
from tests.sign_in.exercises.registry import ANY, EXERCISES, Stage, announced, exercise_of

ROOMS = (addresses, clients, customers)
"""Importing them fills the table."""
ALGORITHMS = ("ES256", "Ed25519", "RS256")


@pytest.fixture(params=ALGORITHMS)
async def bank(closed_bank: Bank, bank: Bank, request: pytest.FixtureRequest) -> Bank:
    """The bank of this room, which signs by an algorithm, with an application for each exercise."""
    institution = bank.admin.institutions.get("00016")
    policy = msgspec.structs.replace(institution.policy, algorithm=request.param)
    bank.admin.institutions.save(msgspec.structs.replace(institution, policy=policy))
    for application in clients.applications():
        bank.add_application(application)
    await bank.refresh()
    return bank


async def document(bank: Bank) -> Any:
    url = f"{Browser(bank).issuer}/.well-known/openid-configuration"
    return (await bank.http.get(url)).json()


@pytest.mark.requirement("MD-06")
async def test_every_announced_value_has_an_exercise_that_succeeds(bank: Bank) -> None:
    without = []
    for member, value in announced(await document(bank)):
        exercise = exercise_of(member, value)
        if exercise is None:
            without.append((member, value))
            continue
        try:
            await exercise(Stage(bank, Browser(bank)), value)
        except (AssertionError, KeyError) as error:
            raise AssertionError(f"{member}: {value}") from error
    assert without == []


@pytest.mark.requirement("MD-06")
async def test_nothing_works_that_is_not_announced(bank: Bank) -> None:
    """An exercise whose value is announced no more would prove nothing."""
    told = set(announced(await document(bank)))
    members = {member for member, _ in told}
    for member, value in EXERCISES:
        assert (member, value) in told if value is not ANY else member in members, (member, value)
