"""nginx and HAProxy with the settings that stand in docs/gateway.md, on ports of a test's own."""

import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.processes import PATIENCE, ProgramFailed, Scoped, folder_for, free_port, spawn

DOCUMENT = Path(__file__).parents[2] / "docs" / "gateway.md"
GATEWAY, APIS, NGINX, HAPROXY = 8090, 8081, 8443, 8444
"""The ports that stand in the document."""

_AROUND_NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{settings}
}}
"""


def documented(program: str, ports: dict[int, int]) -> str:
    """What the document says of a program, with its ports replaced."""
    text = DOCUMENT.read_text()
    found = re.search(rf"<!-- {program} -->\n```\w+\n(.*?)```\n<!-- /{program} -->", text, re.DOTALL)
    assert found is not None, f"docs/gateway.md has no settings for {program}"
    settings = found[1]
    for documented_port, port in ports.items():
        settings, count = re.subn(rf"127\.0\.0\.1:{documented_port}\b", f"127.0.0.1:{port}", settings)
        assert count == 1, f"{documented_port} stands {count} times in the settings for {program}"
    return settings


class Proxy(Scoped):
    """One of them, in front of what listens on `ports`."""

    def __init__(
        self,
        program: str,
        own_port: int,
        ports: dict[int, int],
        change: Callable[[str], str] = lambda settings: settings,
    ) -> None:
        self.port = free_port()
        self._program = program
        self._settings = change(documented(program, {own_port: self.port, **ports}))

    def start(self) -> None:
        self._folder = folder_for(f"{self._program}-")
        file = self._folder / "settings"
        command = shutil.which(self._program, path="/usr/sbin:/usr/bin:/usr/local/sbin") or ""
        if not command:
            raise ProgramFailed(f"{self._program} is not installed: `make test-packages`")
        if self._program == "nginx":
            file.write_text(_AROUND_NGINX.format(folder=self._folder, settings=self._settings))
            arguments = [
                "-c",
                str(file),
                "-p",
                str(self._folder),
                "-e",
                str(self._folder / "start.log"),
            ]
        else:
            file.write_text(self._settings)
            arguments = ["-db", "-f", str(file)]
        file.chmod(0o644)
        self._process = spawn([command, *arguments], self._folder / "said.log")
        self._await_answers()

    def _await_answers(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise ProgramFailed((self._folder / "said.log").read_text())
            try:
                httpx.get(f"http://127.0.0.1:{self.port}/", timeout=5, trust_env=False)
            except httpx.TransportError:
                time.sleep(0.02)
            else:
                return

    def close(self) -> None:
        if hasattr(self, "_process"):
            self._process.terminate()
            self._process.wait(PATIENCE)
        if hasattr(self, "_folder"):
            shutil.rmtree(self._folder, ignore_errors=True)


def nginx(gateway: int, apis: int) -> Proxy:
    """In front of a gateway and the service behind."""
    return Proxy("nginx", NGINX, {GATEWAY: gateway, APIS: apis})


def nginx_with_tls(gateway: int, apis: int, certificates: Path) -> Proxy:
    """The same with the lines that end TLS; `certificates` holds server.pem and server.key."""

    def with_tls(settings: str) -> str:
        listening = re.search(r"listen (127\.0\.0\.1:\d+);", settings)
        assert listening is not None
        settings = settings.replace(listening[0], "")
        for written, here in (
            ("# listen              443 ssl", f"listen {listening[1]} ssl"),
            ("# ssl_certificate     /etc/nginx/api.pem", f"ssl_certificate {certificates}/server.pem"),
            (
                "# ssl_certificate_key /etc/nginx/api.key",
                f"ssl_certificate_key {certificates}/server.key",
            ),
            ("# ssl_verify_client ", "ssl_verify_client "),
        ):
            assert settings.count(written) == 1
            settings = settings.replace(written, here)
        return settings

    return Proxy("nginx", NGINX, {GATEWAY: gateway, APIS: apis}, with_tls)


def haproxy(behind: int) -> Proxy:
    """In front of nginx."""
    return Proxy("haproxy", HAPROXY, {NGINX: behind})
