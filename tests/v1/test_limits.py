"""Every limit of V1's input: one below and the limit itself pass it, one above does not."""

from collections.abc import Callable

import pytest

from moneyer.endpoints.http import MAX_BODY_BYTES
from tests.bank import Bank
from tests.v1 import classic
from tests.v1.classic import CC, Row, refused

PASSWORD = "grant_type=password&username={}&password={}"

LIMITS: dict[str, tuple[int, Callable[[int], str], Row, Row]] = {
    "username": (256, lambda n: PASSWORD.format("u" * n, "x"), classic.CUSTOMER, classic.USERNAME),
    "username in two-byte letters": (
        256, lambda n: PASSWORD.format("%C3%A9" * (n // 2) + "u" * (n % 2), "x"),
        classic.CUSTOMER, classic.USERNAME,
    ),
    "password": (1024, lambda n: PASSWORD.format("ada", "p" * n), classic.CUSTOMER, classic.PASSWORD),
    "grant_type": (128, lambda n: "grant_type=" + "g" * n, classic.GRANT_TYPE, classic.GRANT_TYPE),
    "a name": (64, lambda n: f"grant_type=x&{'n' * n}=1", classic.GRANT_TYPE, classic.FORM),
    "fields": (
        64, lambda n: "grant_type=x" + "".join(f"&f{i}=1" for i in range(n - 1)),
        classic.GRANT_TYPE, classic.FORM,
    ),
    "the body": (
        MAX_BODY_BYTES, lambda n: "grant_type=x&p=".ljust(n, "x"), classic.GRANT_TYPE, classic.SIZE
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LIMITS)
async def test_a_parameter_passes_up_to_its_limit(bank: Bank, name: str) -> None:
    cap, body, within, beyond = LIMITS[name]
    for size, row in ((cap - 1, within), (cap, within), (cap + 1, beyond)):
        refused(await classic.send(bank, body(size)), row)


@pytest.mark.requirement("PW-02")
async def test_a_password_beyond_its_limit_is_never_hashed(bank: Bank) -> None:
    for size in (1025, 8192, 30_000):
        refused(await classic.send(bank, PASSWORD.format("ada", "p" * size)), classic.PASSWORD)
    assert not bank.events("sign-in:refused")


@pytest.mark.parametrize(("name", "size"), [("x-pad", 17_000), ("offering_id", 17_000)])
async def test_headers_have_at_most_16_kilobytes(bank: Bank, name: str, size: int) -> None:
    refused(await classic.send(bank, CC, more=((name, "y" * size),)), classic.HEADER)
    assert (await classic.send(bank, CC, more=((name, "y" * 8000),))).status_code == 200
    many = tuple((f"x-{number}", "1") for number in range(64))
    refused(await classic.send(bank, CC, more=many), classic.HEADER)
