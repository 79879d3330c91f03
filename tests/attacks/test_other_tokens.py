"""What is a token, but not an access token of this institution, under a key of today: refused."""

import base64
import json
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moneyer.institutions.institution import Algorithm
from moneyer.keys.lifecycle import PUBLISH_BEFORE_USE, RETENTION, rotate
from moneyer.keys.ring import Ring
from moneyer.keys.sealing import new_key
from tests.bank import Bank, TestClock

SECOND = 1_000_000


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


async def accepted(bank: Bank, token: str, institution_id: str = "00016") -> bool:
    answer = await bank.http.post(
        "/v1/client-authorization",
        data={"client_id": "web"},
        headers={"Authorization": f"Bearer {token}", "institutionId": institution_id},
    )
    if answer.status_code == 200:
        return True
    assert (answer.status_code, answer.json()["code"]) == (400, "CMN_90018")
    return False


def signed(bank: Bank, token: str, kid: str, **changes: Any) -> str:
    """The claims of `token` with changes, truly signed by the key `kid` of 00016."""
    ring = Ring(bank.admin.institutions.keys("00016"), bank.keys.sealing)
    key = next(key for key in ring.keys if key.kid == kid)
    claims = {**json.loads(unb64(token.split(".")[1])), **changes}
    parts = f"{key.access_header.decode()}.{b64(json.dumps(claims).encode())}"
    return f"{parts}.{b64(key.sign(parts.encode()))}"


def use_algorithm(bank: Bank, algorithm: Algorithm) -> None:
    institution = bank.admin.institutions.get("00016")
    policy = msgspec.structs.replace(institution.policy, algorithm=algorithm)
    bank.admin.institutions.save(msgspec.structs.replace(institution, policy=policy))


@pytest.mark.requirement("JW-07")
async def test_no_other_kind_of_token_passes_for_an_access_token(bank: Bank) -> None:
    """id_token, refresh token, code, client secret: each genuine, each of the right institution."""
    code = await bank.code(requested_scopes="openid,profile,offline_access")
    unused = await bank.code()
    tokens = (await bank.exchange(code)).json()
    for other in (tokens["id_token"], tokens["refresh_token"], code, unused, bank.secrets["page"]):
        assert not await accepted(bank, other)
    assert (await bank.exchange(unused)).status_code == 200, "presenting a code here did not use it up"
    assert (await bank.renew(tokens["refresh_token"], "web")).status_code == 200


async def test_a_customers_token_opens_the_door_and_finds_nothing_it_may_do(bank: Bank) -> None:
    """A genuine access token that is no sign-in page's: who it is is known, so it is told no."""
    for token in (
        (await bank.sign_in())["access_token"],
        (await bank.exchange(await bank.code())).json()["access_token"],
        (await bank.token("machine", grant_type="client_credentials")).json()["access_token"],
    ):
        answer = await bank.ask_code(bearer=token)
        assert (answer.status_code, answer.json()["code"]) == (401, "CMN_90001")


async def test_a_customers_token_of_the_sign_in_page_itself_mints_no_codes(bank: Bank) -> None:
    """Were the page given customers' grants too, only its own token would open the back channel."""
    bank.change_application(
        "page",
        grants=("client_credentials", "password", "refresh_token"),
        password_until=bank.clock.now() + SECOND * 3600,
    )
    await bank.refresh()
    token = (await bank.sign_in("page"))["access_token"]
    assert (await bank.ask_code(bearer=token)).json()["code"] == "CMN_90001"
    assert (await bank.ask_code(bearer=await bank.page_token())).status_code == 200


@pytest.mark.requirement("JW-02", "JW-08")
async def test_a_key_verifies_from_its_announcement_to_its_retirement_and_no_longer(
    bank: Bank, clock: TestClock
) -> None:
    """Tokens of a key that has stopped signing hold while it is published, and not an instant more."""
    first = await bank.page_token()
    kid = json.loads(unb64(first.split(".", maxsplit=1)[0]))["kid"]
    desk = bank.admin.institutions
    desk.save_keys("00016", rotate(desk.keys("00016"), clock.now()))
    await bank.refresh()
    clock.advance(PUBLISH_BEFORE_USE // SECOND)
    second = await bank.page_token()
    assert json.loads(unb64(second.split(".", maxsplit=1)[0]))["kid"] != kid
    end = (clock.now() + RETENTION) // SECOND + 3600
    assert await accepted(bank, signed(bank, first, kid, exp=end))
    clock.advance(RETENTION // SECOND - 1)
    assert await accepted(bank, signed(bank, first, kid, exp=end))
    clock.advance(1)
    assert not await accepted(bank, signed(bank, first, kid, exp=end)), "retired"


async def test_a_key_that_an_operator_takes_away_verifies_nothing_from_then_on(bank: Bank) -> None:
    """The answer to a stolen key: it is dropped, and every token under it is dead."""
    token = await bank.page_token()
    kid = json.loads(unb64(token.split(".", maxsplit=1)[0]))["kid"]
    desk, now = bank.admin.institutions, bank.clock.now()
    fresh = new_key(bank.keys.sealing, "00016", "ES256", now, now)
    desk.save_keys("00016", (fresh, *(key for key in desk.keys("00016") if key.kid != kid)))
    await bank.refresh()
    assert not await accepted(bank, token)
    assert await accepted(bank, await bank.page_token())


async def test_a_key_of_one_institution_copied_into_the_other_is_no_key_there(bank: Bank) -> None:
    """A row pasted into another institution's rows does not open: it is sealed to where it belongs."""
    token = await bank.page_token()
    await bank.page_token("00042")
    desk = bank.admin.institutions
    stolen = [msgspec.structs.replace(key, institution_id="00042") for key in desk.keys("00016")]
    desk.save_keys("00042", (*desk.keys("00042"), *stolen))
    await bank.refresh()
    answer = await bank.http.post(
        "/v1/client-authorization",
        data={"client_id": "web"},
        headers={"Authorization": f"Bearer {token}", "institutionId": "00042"},
    )
    assert answer.status_code >= 400


@pytest.mark.requirement("JW-01", "JW-02", "JW-11")
@pytest.mark.parametrize("algorithm", ["ES256", "Ed25519", "RS256"])
async def test_no_mutation_of_a_token_of_any_algorithm_is_accepted(
    closed_bank: Bank, algorithm: Algorithm
) -> None:
    """Segments swapped, cut, doubled, of another token; bits of the signature flipped."""
    use_algorithm(closed_bank, algorithm)
    async with closed_bank.open() as bank:
        genuine, other = await bank.page_token(), await bank.page_token()
        assert await accepted(bank, genuine)
        segments = [*genuine.split("."), *other.split(".")[1:], ""]

        @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(st.sampled_from(segments), min_size=1, max_size=5))
        def put_together(parts: list[str]) -> None:
            forgeries.add(".".join(parts))

        @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.integers(0, len(unb64(segments[2])) * 8 - 1))
        def flip(bit: int) -> None:
            signature = bytearray(unb64(segments[2]))
            signature[bit // 8] ^= 1 << bit % 8
            forgeries.add(f"{segments[0]}.{segments[1]}.{b64(bytes(signature))}")

        forgeries: set[str] = set()
        put_together()
        flip()
        for forgery in forgeries - {genuine, other}:
            assert not await accepted(bank, forgery)


async def test_an_institution_that_changed_its_algorithm_still_has_one_a_key(bank: Bank) -> None:
    """The header must name the algorithm of its key: RS256 under the old ES256 key is no token."""
    token = await bank.page_token()
    use_algorithm(bank, "RS256")
    await bank.refresh()
    assert await accepted(bank, token)
    header = json.loads(unb64(token.split(".", maxsplit=1)[0]))
    for algorithm in ("RS256", "Ed25519", "EdDSA", "PS256"):
        swapped = b64(json.dumps({**header, "alg": algorithm}, separators=(",", ":")).encode())
        assert not await accepted(bank, ".".join([swapped, *token.split(".")[1:]]))
