"""`moneyer serve` and `moneyer migrate`: settings, refusals, TLS."""

import contextlib
import ssl
import stat
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives import serialization

from tests.certificates import self_signed
from tests.cli.process import Server, free_port, moneyer, one_line, process, serving, succeeds


class Deployment:
    """A folder with a settings file, a master key and a database, for one server."""

    def __init__(self, folder: Path, scheme: str = "http", **server: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.base_url = f"{scheme}://127.0.0.1:{self.port}"
        self.file = folder / "moneyer.toml"
        lines = [
            "[server]",
            f'base_url = "{self.base_url}"',
            f"port = {self.port}",
            *(f'{key} = "{value}"' for key, value in server.items()),
            "[store]",
            f'sqlite = "{folder / "data" / "bank.db"}"',
            "[keys]",
            f'master_key_file = "{folder / "master.key"}"',
        ]
        self.file.write_text("\n".join(lines))
        succeeds("key", "new-master", folder / "master.key")

    def prepared(self) -> str:
        """Migrates, adds a bank and an application; gives the application's secret."""
        succeeds("migrate", "--settings", self.file)
        succeeds("institution", "add", "00016", "--name", "Bank", "--settings", self.file)
        added = succeeds(
            *("application", "add", "--name", "App", "--client-id", "app", "--json"),
            *("--grant", "client_credentials", "--institution", "00016"),
            *("--settings", self.file),
        )
        return str(added.json["client_secret"])

    def refusal(self, **variables: str) -> str:
        """What `serve` says that must refuse to start."""
        outcome = process("serve", "--settings", self.file, variables=variables)
        assert (outcome.code, outcome.out) == (2, "")
        return one_line(outcome.err)


def token(base_url: str, secret: str, verify: ssl.SSLContext | bool = True) -> httpx.Response:
    return httpx.post(
        f"{base_url}/oauth2/v1/token",
        data={"grant_type": "client_credentials"},
        auth=("app", secret),
        headers={"institutionId": "00016"},
        verify=verify,
        trust_env=False,
    )


def test_from_nothing_to_a_token(tmp_path: Path) -> None:
    """A key, a migration, a bank, an application, and the server answers; it stops with status 0."""
    deployment = Deployment(tmp_path)
    secret = deployment.prepared()
    ready = f"serving {deployment.base_url}"
    with serving("serve", "--settings", deployment.file, folder=tmp_path, ready=ready) as server:
        answer = token(deployment.base_url, secret)
        assert answer.status_code == 200, answer.text
        again = process("serve", "--settings", deployment.file)
        assert again.code == 2
        assert f"process {server.process.pid} already serves" in one_line(again.err)
        assert server.stop() == 0
        assert server.said().splitlines()[0] == ready


def test_the_environment_is_enough_and_wins_over_the_file(tmp_path: Path) -> None:
    """$MONEYER_SETTINGS names the file; MONEYER_SERVER__PORT replaces what stands in it."""
    deployment = Deployment(tmp_path)
    secret = deployment.prepared()
    other = f"http://127.0.0.1:{free_port()}"
    variables = {
        "MONEYER_SETTINGS": str(deployment.file),
        "MONEYER_SERVER__PORT": other.rpartition(":")[2],
        "MONEYER_SERVER__BASE_URL": other,
    }
    with serving("serve", folder=tmp_path, ready=f"serving {other}", variables=variables):
        assert token(other, secret).status_code == 200


def test_what_is_missing_is_said_with_the_way_out(tmp_path: Path) -> None:
    """No database, an empty one, one that is none, no key, a broken key, two workers."""
    deployment = Deployment(tmp_path)
    database = tmp_path / "data" / "bank.db"
    assert deployment.refusal().endswith("bank.db: run `moneyer migrate`")
    database.parent.mkdir()
    database.touch()
    assert "run `moneyer migrate`" in deployment.refusal()
    database.write_bytes(bytes(range(256)) * 32)
    assert deployment.refusal() == "file is not a database"
    assert "moneyer key new-master" in deployment.refusal(MONEYER_KEYS__MASTER_KEY_FILE="")
    nowhere = deployment.refusal(MONEYER_KEYS__MASTER_KEY_FILE="nowhere.key")
    assert nowhere == "keys.master_key_file: nowhere.key: No such file or directory"
    assert "43 characters" in deployment.refusal(MONEYER_KEYS__MASTER_KEY="short")
    workers = process("serve", "--settings", deployment.file, "--workers", "2")
    assert workers.code == 2
    assert one_line(workers.err).startswith("--workers 2: one process at a time")


def test_serve_never_takes_a_sandbox_for_a_bank(tmp_path: Path) -> None:
    """Without settings it refuses, though a sandbox's folder lies where it stands."""
    (tmp_path / ".moneyer").mkdir()
    (tmp_path / ".moneyer" / "sandbox.json").write_text('{"base_url": "http://127.0.0.1:1"}')
    for command in ("serve", "migrate"):
        refused = process(command, folder=tmp_path)
        assert refused.code == 2
        assert one_line(refused.err).startswith(("keys.master_key_file: ", "store.sqlite: "))


def test_migrating_twice_is_harmless_and_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    """The second run leaves every row; the folder is made where there is none."""
    deployment = Deployment(tmp_path)
    deployment.prepared()
    succeeds("migrate", "--settings", deployment.file)
    assert "app" in succeeds("application", "list", "--settings", deployment.file).out
    for file in (tmp_path / "data" / "bank.db", tmp_path / "master.key"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_master_key_is_never_overwritten(tmp_path: Path) -> None:
    """What is sealed under it would be lost."""
    succeeds("key", "new-master", tmp_path / "master.key")
    before = (tmp_path / "master.key").read_bytes()
    refused = moneyer("key", "new-master", tmp_path / "master.key")
    assert refused.code == 2
    assert one_line(refused.err).endswith("master.key: File exists")
    assert (tmp_path / "master.key").read_bytes() == before


@pytest.mark.requirement("TE-02", "BE-06")
def test_tls_is_served_with_a_certificate_and_its_key(tmp_path: Path) -> None:
    """HTTPS works, with the certificate verified; plain HTTP on the same port gets no answer."""
    context = self_signed(tmp_path)
    deployment = Deployment(
        tmp_path,
        "https",
        tls_certificate=str(tmp_path / "server.pem"),
        tls_key=str(tmp_path / "server.key"),
    )
    secret = deployment.prepared()
    with serve(deployment) as server:
        answer = token(deployment.base_url, secret, context)
        assert answer.status_code == 200, answer.text
        with pytest.raises(httpx.TransportError):
            token(deployment.base_url.replace("https", "http"), secret)
        assert server.stop() == 0


@pytest.mark.requirement("TE-02")
def test_plain_http_is_refused_where_the_public_root_is_https(tmp_path: Path) -> None:
    """Neither served nor redirected, whatever the credentials; health checks are answered."""
    deployment = Deployment(tmp_path, "https")
    secret = deployment.prepared()
    plain = deployment.base_url.replace("https", "http")
    with serve(deployment):
        answer = token(plain, secret)
        assert 400 <= answer.status_code < 500
        assert "location" not in answer.headers
        assert "access_token" not in answer.text
        live = httpx.get(f"{plain}/health/live", trust_env=False)
        assert live.status_code == 200


def test_a_certificate_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """A missing file, another certificate's key, a key under a passphrase, no PEM at all."""
    self_signed(tmp_path)
    (tmp_path / "other").mkdir()
    self_signed(tmp_path / "other")
    deployment = Deployment(tmp_path, "https")
    deployment.prepared()
    plain = (tmp_path / "server.key").read_bytes()
    encrypted = serialization.load_pem_private_key(plain, password=None).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    (tmp_path / "encrypted.key").write_bytes(encrypted)
    certificate = str(tmp_path / "server.pem")
    for key, said in (
        (tmp_path / "missing.key", "missing.key: No such file"),
        (tmp_path / "other" / "server.key", "not a certificate and its key"),
        (tmp_path / "encrypted.key", "not a certificate and its key"),
        (deployment.file, "not a certificate and its key"),
    ):
        refused = deployment.refusal(
            MONEYER_SERVER__TLS_CERTIFICATE=certificate, MONEYER_SERVER__TLS_KEY=str(key)
        )
        assert "server.tls_key" in refused
        assert said in refused
    alone = deployment.refusal(MONEYER_SERVER__TLS_CERTIFICATE=certificate)
    assert alone == "server.tls_key: certificate and key are set together or not at all"


def serve(deployment: Deployment) -> contextlib.AbstractContextManager[Server]:
    return serving(
        *("serve", "--settings", deployment.file),
        folder=deployment.folder,
        ready=f"serving {deployment.base_url}",
    )
