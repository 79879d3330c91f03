"""Settings: a file, the environment on top, and complaints that name the key."""

import re
import string
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moneyer.customers.core_bank import CoreBank
from moneyer.keys.sealing import new_master_key_file
from moneyer.settings import BadSettings, Settings, read_settings

DOCUMENT = Path(__file__).parents[2] / "docs" / "settings.md"

SECTIONS = {
    field.name: field.type for field in msgspec.structs.fields(Settings) if field.name != "core_bank"
}
KEYS = [(s, f.name) for s, type_ in SECTIONS.items() for f in msgspec.structs.fields(type_)]


def read(tmp_path: Path, text: str, **environment: str) -> Settings:
    file = tmp_path / "moneyer.toml"
    file.write_text(text)
    return read_settings(file, environment)


def complaint(tmp_path: Path, text: str, **environment: str) -> str:
    with pytest.raises(BadSettings) as caught:
        read(tmp_path, text, **environment)
    return str(caught.value)


def test_without_anything_everything_has_its_default() -> None:
    """No file, nothing in the environment; other people's variables are none of our business."""
    assert read_settings(None, {}) == Settings()
    assert read_settings(None, {"PATH": "/bin", "MONEY": "1"}) == Settings()


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_a_value_of_the_wrong_kind_is_named_by_its_key(tmp_path: Path, section: str, key: str) -> None:
    """A table where a value should be, in any section."""
    said = complaint(tmp_path, f"[{section}.{key}]\na = 1")
    assert said.startswith(f"{section}.{key}: ")


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_every_key_can_be_set_in_the_environment(section: str, key: str) -> None:
    """MONEYER_SECTION__KEY, as text; what is wrong is named as the key."""
    value = getattr(getattr(Settings(), section), key)
    variable = f"MONEYER_{section}__{key}".upper()
    if isinstance(value, bool):
        assert getattr(getattr(read_settings(None, {variable: "true"}), section), key) is True
    elif isinstance(value, int):
        read = read_settings(None, {variable: str(value + 1)})
        assert getattr(getattr(read, section), key) == value + 1
        for wrong in ("many", "-1", "1.5", ""):
            with pytest.raises(BadSettings, match=rf"^{section}\.{key}: "):
                read_settings(None, {variable: wrong})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[server]\nprot = 1", "server.prot: there is no such setting"),
        ("[sever]\nport = 1", "sever: there is no such setting"),
        ("[core_bank.00016]\nurl = 'https://core'\nfoo = 1", "core_bank.00016.foo: there is no such"),
        ("[core_bank.00016]\ntimeout = 1", "core_bank.00016: Object missing required field `url`"),
        ("[core_bank.00016]\nurl = 'https://c'\ntimeout = 0", "core_bank.00016.timeout: Expected"),
        ("[core_bank.00016]\nurl = 'http://core'", "core_bank.00016.url: must begin with https://"),
        ("[server]\nport = 0", "server.port: Expected `int` >= 1"),
        ("[server]\nport = 65536", "server.port: Expected `int` <= 65535"),
        ("[server]\nbase_url = 'ftp://bank'", "server.base_url: must be an http or https URL"),
        ("[server]\nbase_url = 'https://'", "server.base_url: must be an http or https URL"),
        ("[server]\nbase_url = 'https://b/?q'", "server.base_url: must be an http or https URL"),
        ("[server]\nbase_url = 'https://b/#f'", "server.base_url: must be an http or https URL"),
        ("[server]\nbase_url = 'https://b/'", "server.base_url: must not end with a slash"),
        ("[server]\ntrusted_proxies = ['here']", "server.trusted_proxies: 'here'"),
        ("[server]\ntls_key = 'k'", "server.tls_key: certificate and key are set together"),
        ("[server]\ntls_certificate = 'c'", "server.tls_key: certificate and key are set together"),
        ("[passwords]\nmemory_kib = 12287", "passwords.memory_kib: Expected `int` >= 12288"),
        ("[passwords]\npasses = 0", "passwords.passes: Expected `int` >= 1"),
        ("[store]\nnode = 'a b'", "store.node: Expected"),
        ("[log]\nlevel = 'loud'", "log.level: Invalid enum value 'loud'"),
        ("[login_limits]\nsoft = 0", "login_limits.soft: Expected `int` >= 1"),
        ("[rate_limits]\nclient_guesses = 0", "rate_limits.client_guesses: Expected `int` >= 1"),
        ("server = 1", "server: Expected `object`, got `int`"),
        ("[server", "moneyer.toml: "),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, said: str) -> None:
    """By its key, down to the institution's table; a file that is no TOML by its name."""
    assert said in complaint(tmp_path, text)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Missing, a folder, not text."""
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    for file in (tmp_path / "missing.toml", tmp_path, tmp_path / "bytes.toml"):
        with pytest.raises(BadSettings, match=re.escape(str(file))):
            read_settings(file, {})


NAMES = st.text(string.ascii_uppercase + "_", min_size=1, max_size=20)


@settings(deadline=None, max_examples=200)
@given(NAMES)
def test_a_variable_of_ours_that_means_nothing_is_named(name: str) -> None:
    """A misspelt setting is never ignored."""
    section, _, key = name.lower().partition("__")
    variable = f"MONEYER_{name}"
    if variable == "MONEYER_SETTINGS" or (section, key) in KEYS:
        return
    with pytest.raises(BadSettings, match=f"^{variable}: "):
        read_settings(None, {variable: "1"})


def test_core_banks_stand_in_the_file_only() -> None:
    """An institution's id in the name of a variable would lose its case."""
    with pytest.raises(BadSettings, match="MONEYER_CORE_BANK__00016__URL"):
        read_settings(None, {"MONEYER_CORE_BANK__00016__URL": "https://core"})


def test_the_environment_wins_and_lists_are_separated_by_commas(tmp_path: Path) -> None:
    """Key by key; what it does not name stays as the file says."""
    read_ = read(
        tmp_path,
        "[server]\nport = 1\nhost = '127.0.0.2'\ntrusted_proxies = ['10.0.0.0/8']",
        MONEYER_SERVER__PORT="2",
        MONEYER_SERVER__TRUSTED_PROXIES="192.0.2.0/24,2001:db8::/32",
    )
    assert (read_.server.port, read_.server.host) == (2, "127.0.0.2")
    assert read_.server.trusted_proxies == ("192.0.2.0/24", "2001:db8::/32")
    assert [str(n) for n in read_.trusted_proxies()] == ["192.0.2.0/24", "2001:db8::/32"]


@pytest.mark.requirement("TE-02")
def test_the_public_root_says_whether_tls_is_required(tmp_path: Path) -> None:
    """https does; its path is the base path of everything; without one it follows host and port."""
    read_ = read(tmp_path, "[server]\nbase_url = 'https://bank.example/digitalbanking'")
    assert read_.require_tls
    assert read_.base_path == "/digitalbanking"
    plain = read(tmp_path, "[server]\nport = 8081")
    assert plain.base_url == "http://127.0.0.1:8081"
    assert not plain.require_tls


@pytest.mark.requirement("JW-13")
def test_a_master_key_has_256_bits_in_one_spelling(tmp_path: Path) -> None:
    """A line break at its end is allowed in a file; what is wrong is named by the key it came from."""
    new_master_key_file(tmp_path / "master.key")
    key = (tmp_path / "master.key").read_text().strip()
    from_file = read(tmp_path, f"[keys]\nmaster_key_file = '{tmp_path / 'master.key'}'")
    assert from_file.master_key() == read(tmp_path, f"[keys]\nmaster_key = '{key}'").master_key()
    assert len(from_file.master_key()) == 32
    for wrong in (key[:-1], f"{key}A", "correct horse battery staple", "=" * 43, f"{key}="):
        with pytest.raises(BadSettings, match=r"^keys\.master_key: "):
            read(tmp_path, f"[keys]\nmaster_key = '{wrong}'").master_key()
        (tmp_path / "master.key").write_text(wrong)
        with pytest.raises(BadSettings, match=r"^keys\.master_key_file: "):
            from_file.master_key()


def test_secrets_do_not_show() -> None:
    """Whoever prints the settings prints neither the master key nor a core's token."""
    core = CoreBank("https://core", bearer_token="hidden-token")
    key = read_settings(None, {"MONEYER_KEYS__MASTER_KEY": "hidden-key"})
    shown = repr(msgspec.structs.replace(key, core_bank={"00016": core}))
    assert "hidden" not in shown


def described() -> dict[str, str]:
    """The defaults as docs/settings.md gives them."""
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \|", DOCUMENT.read_text(), re.M)
    return {key: default.strip("` ") for key, default in rows}


def test_the_described_defaults_are_the_real_ones() -> None:
    """Number by number and word by word."""
    rows = described()
    defaults: dict[str, Any] = {
        f"{section}.{key}": getattr(getattr(Settings(), section), key) for section, key in KEYS
    }
    for field in msgspec.structs.fields(CoreBank):
        real = "" if field.default is msgspec.NODEFAULT else field.default
        defaults[f"core_bank.{{institutionId}}.{field.name}"] = real
    assert set(rows) == set(defaults)
    for key, value in defaults.items():
        if key == "server.base_url":
            continue
        shown = {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
        assert rows[key] == ("none" if value in ("", ()) else shown), key
