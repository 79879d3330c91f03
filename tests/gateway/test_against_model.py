"""Random tokens, institutions, customers and parameters: the guard decides as a plain model does."""

import os
from collections import Counter
from typing import Any, NamedTuple
from urllib.parse import urlencode

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from moneyer.gateway.call import ApiCall
from moneyer.gateway.families import ACCOUNTS
from moneyer.gateway.refusals import Refused
from moneyer.gateway.route import Route
from moneyer.tokens.bulletin import Bulletin
from tests.bank import BASE
from tests.gateway.alone import ADA, BIZ, BUSINESS, NOW, Alone

CASES = int(os.environ.get("GUARD_CASES", "2000"))
SECOND = 1_000_000


class Case(NamedTuple):
    """A call in plain words."""

    signed_at: str
    institution: str
    issuer: str
    audience: str
    life_left: int
    age: int
    application: str
    subject: str
    scope: str
    family: str | None
    token_id: str
    has_token: bool
    has_signature: bool
    header: str | None
    host_user_id: str
    login_id: str
    business: str
    customer: str
    needed: tuple[str, ...]


class World(NamedTuple):
    """What has ended: tokens and families by name, sign-outs by subject with the second they were."""

    tokens: frozenset[str]
    families: frozenset[str]
    subjects: dict[str, int]
    applications: tuple[str, ...]


INSTITUTIONS = ("00016", "00042")
LOGINS = {ADA: "ada", BIZ: "biz"}
HOSTS = {ADA: "H-ada", BIZ: "H-biz"}


def mostly(usual: Any, *others: Any) -> st.SearchStrategy[Any]:
    """The usual value more often than not: most calls should get far."""
    return st.integers(0, 9).flatmap(lambda n: st.just(usual) if n < 7 else st.sampled_from(others))


worlds = st.builds(
    World,
    st.frozensets(st.sampled_from(["t1", "t2"]), max_size=1),
    st.frozensets(st.sampled_from(["f1", "f2"]), max_size=1),
    st.dictionaries(st.sampled_from([ADA, BIZ]), st.integers(NOW - 20, NOW + 20), max_size=1),
    mostly(("mobile", "machine"), ("mobile",), ("machine",), ()),
)

cases = st.builds(
    Case,
    signed_at=mostly("00016", "00042"),
    institution=mostly("00016", "00042", "16", "0001", "", "x y"),
    issuer=mostly("00016", "00042"),
    audience=mostly("apis", "legacy-apis", "", "apis/"),
    life_left=mostly(100, 0, 1, -1),
    age=mostly(5, 0, -10, -11, 30),
    application=mostly("mobile", "machine", "stranger"),
    subject=st.sampled_from([ADA, ADA, BIZ, "client"]),
    scope=mostly("accounts:read x", "accounts:readx", "", "transfers:write"),
    family=st.sampled_from([None, None, "f1", "f2"]),
    token_id=st.sampled_from(["t0", "t1", "t2"]),
    has_token=mostly(True, False),
    has_signature=mostly(True, False),
    header=mostly(None, "00016", "00042", "16"),
    host_user_id=mostly("", "H-ada", "H-biz", "H-else"),
    login_id=mostly("", "ada", "ADA", "biz", "else"),
    business=mostly("", BUSINESS, "other"),
    customer=mostly("required", "none"),
    needed=mostly(("accounts:read",), (), ("a", "accounts:read"), ("a",)),
)


def expected(case: Case, world: World) -> tuple[int, str]:
    """Status and kind of the refusal, (200, customer) where there is none: rule after rule."""
    if not case.has_token:
        return 401, "TokenMissing"
    good = (
        case.institution in INSTITUTIONS
        and case.signed_at == case.institution
        and case.has_signature
        and case.issuer == case.institution
        and case.audience == "apis"
        and case.life_left > 0
        and case.age >= -10
        and case.application in world.applications
        and case.token_id not in world.tokens
    )
    is_own = case.subject == "client"
    if case.family is not None:
        good = good and case.family not in world.families
    elif not is_own and case.subject in world.subjects:
        good = good and NOW - case.age >= world.subjects[case.subject]
    if not good:
        return 401, "TokenInvalid"
    if case.header is not None and case.header != case.institution:
        return 403, "InstitutionMismatch"
    if case.needed and not set(case.needed) & set(case.scope.split()):
        return 403, "ScopeMissing"
    if case.host_user_id and case.login_id:
        return 400, "ContextMalformed"
    if is_own:
        if case.customer == "none":
            return 200, ""
        named = case.host_user_id or case.login_id
        if not named or (case.business and not case.login_id):
            return 400, "ContextMalformed"
        return 200, ""
    agrees = (
        case.host_user_id in {"", HOSTS[case.subject]}
        and case.login_id.lower() in {"", LOGINS[case.subject]}
        and (not case.business or (case.subject == BIZ and case.business == BUSINESS))
    )
    return (200, case.subject) if agrees else (403, "ContextMismatch")


async def decided(alone: Alone, case: Case, world: World) -> tuple[int, str]:
    """What the guard says."""
    for name, standing in alone.standings.items():
        fresh = alone._standing(name)
        fresh.learn(
            Bulletin(
                standing.issuer,
                NOW,
                2,
                applications=world.applications,
                tokens=dict.fromkeys(world.tokens, NOW + 9999),
                families=dict.fromkeys(world.families, NOW + 9999),
                subjects={s: (at * SECOND, NOW + 9999) for s, at in world.subjects.items()},
            )
        )
        alone.standings[name] = fresh
    issuer = f"{BASE}/i/{case.issuer}"
    token = alone.strike(
        case.signed_at,
        iss=issuer,
        aud=f"{issuer}/{case.audience}" if case.audience else issuer,
        institution_id=case.institution,
        exp=NOW + case.life_left,
        iat=NOW - case.age,
        client_id=case.application,
        sub=f"client:{case.application}" if case.subject == "client" else case.subject,
        scope=case.scope,
        sid=case.family,
        jti=case.token_id,
    )
    if not case.has_signature:
        token = token[:-8] + ("AAAAAAAA" if not token.endswith("AAAAAAAA") else "BBBBBBBB")
    headers = [(b"authorization", f"Bearer {token}".encode())] if case.has_token else []
    if case.header is not None:
        headers.append((b"institutionid", case.header.encode()))
    named = {
        "hostUserId": case.host_user_id,
        "loginId": case.login_id,
        "institutionCustomerId": case.business,
        "accountId": "1",
    }
    query = urlencode({name: value for name, value in named.items() if value}).encode()
    route = Route("GET", "/v1/accounts", ACCOUNTS, case.needed, case.customer)  # type: ignore[arg-type]
    try:
        verified = await alone.guard.check(ApiCall("GET", "/v1/accounts", query, headers), route)
    except Refused as refused:
        return refused.status, type(refused).__name__
    return 200, verified.customer_id


def test_the_guard_decides_as_the_model_does() -> None:
    """Two thousand cases here, a hundred thousand by `make guard-model`; none may differ."""
    import asyncio

    alone, outcomes = Alone(), Counter[tuple[int, str]]()
    loop = asyncio.new_event_loop()

    @settings(
        max_examples=CASES,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(cases, worlds)
    def decide(case: Case, world: World) -> None:
        found = loop.run_until_complete(decided(alone, case, world))
        assert found == expected(case, world)
        outcomes[found[0], "" if found[0] == 200 else found[1]] += 1

    try:
        decide()
    finally:
        loop.close()
    for (status, kind), count in sorted(outcomes.items()):
        print(f"{status} {kind or 'gets through'}: {count}")
    assert len(outcomes) == 7, "every outcome there is was reached"
