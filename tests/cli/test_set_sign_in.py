"""`moneyer application set-sign-in` and `moneyer institution set-sign-in`."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from moneyer.applications.registration import check_sign_in
from moneyer.cli import app
from tests.browser import standard_application


@pytest.mark.requirement("NA-03", "BC-04")
@pytest.mark.parametrize(
    ("members", "word"),
    [
        ({"redirect_uris": ("com.example.app:/cb",)}, "https"),
        ({"redirect_uris": ("myapp:/cb",), "application_type": "native"}, "https"),
        ({"redirect_uris": ("https://*.example/cb",)}, "wildcard"),
        ({"post_logout_redirect_uris": ("http://x.example/",)}, "https"),
        ({"backchannel_logout_uri": "ftp://x.example/"}, "https"),
        ({"auth_method": "private_key_jwt"}, "jwks"),
        ({"jwks": "{}"}, "private_key_jwt"),
        ({"auth_method": "none", "grants": ("client_credentials",)}, "proves nothing"),
        ({"auth_method": "none", "refresh_policy": "static"}, "rotate"),
        (
            {"is_third_party": True, "redirect_uris": ("https://a.example/", "https://b.example/")},
            "host",
        ),
        ({"is_third_party": True, "grants": ("password",)}, "passwords"),
    ],
    ids=str,
)
def test_what_does_not_fit_together_is_refused_with_the_reason(
    members: dict[str, Any], word: str
) -> None:
    with pytest.raises(ValueError, match=word):
        check_sign_in(standard_application(**members))


@pytest.mark.requirement("NA-03")
def test_a_native_application_may_have_a_scheme_of_its_own() -> None:
    uris = ("com.example.app:/cb", "http://127.0.0.1/cb")
    check_sign_in(standard_application(application_type="native", redirect_uris=uris))


def test_both_commands_change_what_they_name(tmp_path: Path) -> None:
    from moneyer.sandbox.seed import SandboxFolder

    SandboxFolder(tmp_path).prepare("http://127.0.0.1:8080")
    run = CliRunner().invoke
    data = ["--data", str(tmp_path)]
    words = ["application", "set-sign-in", "northstar-budget", "--profile", "standard"]
    words += ["--third-party", "--owner", "Northstar Inc.", "--require-par"]
    words += ["--origin", "https://northstar.example"]
    told = run(app, [*words, *data])
    assert told.exit_code == 0, told.output
    shown = json.loads(run(app, ["application", "show", "northstar-budget", *data]).output)
    assert (shown["profile"], shown["owner"], shown["requires_pushed_requests"]) == (
        "standard",
        "Northstar Inc.",
        True,
    )
    assert shown["origins"] == ["https://northstar.example"]
    words = ["institution", "set-sign-in", "00016", "--second-factor", "always"]
    told = run(app, [*words, "--accent", "#AA2200", *data])
    assert told.exit_code == 0, told.output
    shown = json.loads(run(app, ["institution", "show", "00016", *data]).output)
    assert shown["brand"]["accent"] == "#aa2200"
    assert shown["policy"]["second_factor"] == "always"
    refused = run(app, [*words, "--accent", "red", *data])
    assert refused.exit_code != 0
    assert "Traceback" not in refused.output
