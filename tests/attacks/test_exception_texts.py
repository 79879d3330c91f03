"""What a failure says: nobody's secret, whoever prints it, with whatever it was raised from."""

import traceback
from typing import Any

import pytest

from moneyer.protocol.failures import Failure
from tests.attacks.test_canaries import spellings, use_everything
from tests.bank import PASSWORD, Bank


@pytest.fixture
def failures(monkeypatch: pytest.MonkeyPatch) -> list[Failure]:
    """Every failure that is made from now on, also one that is caught at once."""
    made: list[Failure] = []
    initialise = Failure.__init__

    def noted(self: Failure, reason: str) -> None:
        initialise(self, reason)
        made.append(self)

    monkeypatch.setattr(Failure, "__init__", noted)
    return made


def printed(error: BaseException) -> bytes:
    """All that a log or a console could make of it, but for the source text of its frames."""
    texts = [str(error), repr(error), repr(vars(error))]
    following: traceback.TracebackException | None
    following = traceback.TracebackException.from_exception(error, lookup_lines=False)
    while following is not None:
        texts += following.format_exception_only()
        shown = None if following.__suppress_context__ else following.__context__
        following = following.__cause__ or shown
    return "\n".join(texts).encode()


async def spoil_everything(bank: Bank) -> list[str]:
    """Secrets in the wrong place, and tokens with a slip in them; gives what went through."""
    for body in (f"password=%00{PASSWORD}", f"password={PASSWORD}%ff", f"={PASSWORD}&{PASSWORD}"):
        assert (await bank.raw(body, client_id="mobile")).status_code == 400
    for secret in bank.secrets.values():
        for authorization in (f"Basic {secret}", f"Basic !{secret}", secret, f"Bearer {secret}"):
            refused = await bank.raw("grant_type=password", {"Authorization": authorization})
            assert refused.status_code == 401
    signed_in, page = await bank.sign_in(), await bank.page_token()
    tokens = [signed_in["refresh_token"], signed_in["access_token"], page]
    for token in tokens:
        for spoiled in (token[:-1], f"{token}x", token.swapcase(), token[::-1]):
            assert (await bank.renew(spoiled)).status_code == 400
            assert (await bank.exchange(spoiled)).status_code == 400
            assert (await bank.ask_code(bearer=spoiled)).status_code in {400, 401}
    return tokens


@pytest.mark.requirement("CA-12")
async def test_no_failure_says_a_secret(bank: Bank, failures: list[Failure]) -> None:
    """On every path, good and bad, and where the store refuses to write."""
    secrets = await use_everything(bank)
    secrets += await spoil_everything(bank)
    with bank.engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER refused BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )
    sign_in: dict[str, Any] = {"grant_type": "password", "username": "ada", "password": PASSWORD}
    assert (await bank.token("mobile", **sign_in)).status_code >= 500
    texts = [printed(failure) for failure in failures]
    made = {type(failure).__name__ for failure in failures}
    assert made >= {"BadClient", "BadCustomer", "BadToken", "BadBearer", "BadRequest", "BadParameter"}
    for secret in secrets:
        for spelling in spellings(secret):
            assert [text for text in texts if spelling in text] == []
