"""docs/gateway.md against the settings of `moneyer gateway`: each key, default and example."""

import re
import tomllib
from pathlib import Path

import msgspec

from moneyer.gatehouse.settings import LOOPBACK, Gateway, GatewaySettings, OwnRoute, TokenService
from moneyer.gateway.apis import APIS, FAMILIES

TEXT = (Path(__file__).parents[2] / "docs" / "gateway.md").read_text()
ROWS = dict(
    re.findall(r"^\| `([a-z_]+\.?[a-z_]*)` \| (.*?) \|", TEXT.partition("## Settings")[2], re.MULTILINE)
)


def keys(section: str, struct: type[msgspec.Struct]) -> set[str]:
    return {f"{section}.{field.name}" for field in msgspec.structs.fields(struct)}


def test_every_key_is_described_and_no_other() -> None:
    expected = keys("token_service", TokenService) | keys("gateway", Gateway) | {"routes", "log.level"}
    assert set(ROWS) == expected


def test_the_described_defaults_are_the_real_ones() -> None:
    for field in msgspec.structs.fields(Gateway):
        said = ROWS[f"gateway.{field.name}"].strip("`")
        real = "loopback" if field.default == LOOPBACK else str(field.default or "none")
        if isinstance(field.default, int | float):
            real = str(field.default)
        assert said == real, field.name


def test_the_example_can_be_read() -> None:
    """As it stands in the document."""
    example = re.search(r"```toml\n(\[token_service\].*?)```", TEXT, re.DOTALL)
    assert example is not None
    settings = msgspec.convert(tomllib.loads(example[1]), GatewaySettings)
    assert settings.table().find("GET", "/v1/statements/7") is not None


def test_families_and_members_of_routes_are_named() -> None:
    row = next(line for line in TEXT.splitlines() if line.startswith("| `gateway.families`"))
    assert all(f"`{name}`" in row for name in APIS)
    row = next(line for line in TEXT.splitlines() if line.startswith("| `routes`"))
    assert all(f"`{name}`" in row for name in FAMILIES)
    assert all(f"`{field.name}`" in row for field in msgspec.structs.fields(OwnRoute))
