"""Every documented failure can be ordered by name, in each dialect's and each family's own words."""

from typing import Any

import msgspec
import pytest

from moneyer.dialects import standard, v1, v2
from moneyer.dialects.words import Dialect, Words
from moneyer.gateway.refusals import CannotTell, NoRoute, Refused
from moneyer.sandbox.bank import answers
from moneyer.sandbox.bank.routes import OPERATIONS
from moneyer.sandbox.faults.catalogue import catalogue
from moneyer.sandbox.faults.refusals import documented, example_of
from tests.sandbox.faults.integrator import Integrator, applied

NAMES = [fault.name for fault in documented()]
CALL = "6f1c1c1e-3d8e-4c0a-9a54-3d6a3e9c7f10"


def said(fault: str, integrator: Integrator) -> dict[str, Any]:
    """What each dialect's token endpoint answers: status and body; nothing where it cannot."""
    form = {"grant_type": "client_credentials"}
    asked = {
        "v2": integrator.back_office(fault),
        "standard": integrator.standard("token", fault, **form),
        "v1": integrator.legacy(fault, **form),
    }
    for answer in asked.values():
        assert "can be ordered on" in answer.text or applied(answer) == fault
    return {
        name: (answer.status_code, answer.content) for name, answer in asked.items() if applied(answer)
    }


@pytest.fixture(scope="module")
def everything(integrator: Integrator) -> dict[str, dict[str, Any]]:
    """What every documented failure looks like in every dialect."""
    return {name: said(name, integrator) for name in NAMES}


def written(dialect: Dialect, words: Words) -> tuple[int, bytes]:
    return words.status, dialect.write_failure(words, {})


@pytest.mark.parametrize(
    ("name", "module"), [("v2", v2), ("standard", standard), ("v1", v1)], ids=lambda x: str(x)[:8]
)
def test_no_row_of_a_dialects_table_is_missing(
    everything: dict[str, dict[str, Any]], integrator: Integrator, name: str, module: Any
) -> None:
    """Each row's words come over the wire for some name: the table is the dialect's own."""
    dialect = {"v2": v2.V2, "standard": standard.STANDARD, "v1": v1.V1}[name]
    heard = {answers_[name] for answers_ in everything.values() if name in answers_}
    for fault in ("unavailable", "overloaded", "server-error"):
        heard.add(said(fault, integrator)[name])
    tables = [module._FAILURES, getattr(module, "_PARAMETERS", {}), getattr(module, "_GRANTS", {})]
    rows = {words for table in tables for words in table.values()}
    # Of one row this is a part: it is told with a token to go on with.
    more = {w for w in rows if w.error == "mfa_required"}
    lacking = [w for w in rows - more if written(dialect, w) not in heard]
    assert lacking == []
    for words in more:
        assert any(words.message.encode() in body and b"mfa_token" in body for _, body in heard)


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("invalid-credentials", 401, "CMN_90004"),
        ("not-entitled", 403, "CMN_90006"),
        ("invalid-grant-type", 400, "CMN_90007"),
        ("invalid-scopes", 400, "CMN_90012"),
        ("invalid-user-credentials", 401, "CMN_90015"),
        ("invalid-token", 400, "CMN_90016"),
        ("cannot-sign", 500, "CMN_90019"),
    ],
)
def test_it_is_the_answer_that_the_documentation_shows(
    everything: dict[str, dict[str, Any]], fault: str, status: int, code: str
) -> None:
    answered, body = everything[fault]["v2"]
    assert (answered, msgspec.json.decode(body)["code"]) == (status, code)


def test_an_ordered_refusal_is_the_real_one(integrator: Integrator) -> None:
    """Wrong credentials, with all headers but those that name the moment and the fault."""
    headers = {"institutionId": "00016", "transactionId": CALL}
    path, form = "/oauth2/v1/token", {"grant_type": "client_credentials"}
    wrong = ("meridian-back-office", "wrong")
    real = integrator.ask("POST", path, headers=headers, data=form, auth=wrong)
    ordered = integrator.ask("POST", path, "invalid-credentials", headers, data=form)
    differing = {"date", "moneyer-fault"}
    assert real.content == ordered.content
    assert {k: v for k, v in real.headers.items() if k not in differing} == {
        k: v for k, v in ordered.headers.items() if k not in differing
    }


def kinds_of(kind: type[Refused]) -> list[type[Refused]]:
    below = [one for one in kind.__subclasses__() if one.__module__ == Refused.__module__]
    return [*below, *(deeper for one in below for deeper in kinds_of(one))]


def test_every_refusal_of_the_guard_can_be_ordered_on_every_call(integrator: Integrator) -> None:
    """Byte for byte what the bank writes for it: status, code, words, challenge."""
    kinds = [kind for kind in kinds_of(Refused) if kind not in {NoRoute, CannotTell}]
    names = [f.name for f in catalogue().values() if f.site.words == "an API"]
    assert len(names) == len(kinds) >= 8
    for operation in OPERATIONS:
        route, heard = operation.route, set()
        path = route.path.replace("{", "").replace("}", "")
        for name in names:
            answer = integrator.ask(route.method, path, name, {"transactionId": CALL})
            heard.add((answer.status_code, answer.headers.get("www-authenticate"), answer.content))
            assert applied(answer) == name
        for kind in kinds:
            real = answers.refused(example_of(kind, route.scopes), operation.words, CALL)
            challenge = dict(real.headers).get(b"www-authenticate")
            spoken = challenge.decode() if challenge else None
            assert (real.status, spoken, real.body) in heard


def test_the_legacy_apis_refuse_in_xml(integrator: Integrator) -> None:
    """As their guard does with no token; and they are away in V1's words."""
    path, headers = "/bankingservices/v2/fis/00016/fiCustomers/X/accounts", {"di_tid": CALL}
    real = integrator.ask("GET", path, headers=headers)
    ordered = integrator.ask("GET", path, "token-missing", headers)
    assert (ordered.status_code, ordered.content) == (real.status_code, real.content)
    assert ordered.headers["www-authenticate"] == real.headers["www-authenticate"]
    assert (real.status_code, applied(real)) == (401, "")
    for fault, status in (("unavailable=8", 503), ("overloaded=8", 429)):
        away = integrator.ask("GET", path, fault, headers)
        assert (away.status_code, away.headers["retry-after"]) == (status, "8")
        assert away.text.startswith("<?xml")


def test_a_token_that_is_over_is_refused_in_the_familys_code(integrator: Integrator) -> None:
    for fault in ("expired-token", "revoked-token", "token-invalid"):
        answer = integrator.ask("GET", "/v1/transactions", fault, {"Authorization": "Bearer a.b.c"})
        assert (answer.status_code, answer.json()["code"]) == (401, "TXN_11002")
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_bad_weather_in_front_of_an_api(integrator: Integrator) -> None:
    """Unavailable in the family's own code; what the door says, in V2's; never with more members."""
    wait = integrator.ask("GET", "/v1/accounts", "unavailable=5")
    (operation,) = [o for o in OPERATIONS if o.route.path == "/v1/accounts"]
    assert wait.json()["code"] == operation.words.unavailable.code
    assert (wait.status_code, wait.headers["retry-after"]) == (503, "5")
    many = integrator.ask("GET", "/v1/accounts", "overloaded=6")
    assert (many.status_code, many.headers["retry-after"]) == (429, "6")
    broken = integrator.ask("GET", "/v1/accounts", "server-error")
    assert (broken.status_code, broken.json()["code"]) == (500, "CMN_90000")
    assert set(many.json()) == set(broken.json()) == {"code", "message"}
