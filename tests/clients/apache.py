"""Debian's Apache with mod_auth_openidc, started by a test in a folder of its own."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import time
from pathlib import Path
from textwrap import dedent

from tests.clients.live import LiveBank
from tests.processes import PATIENCE, ProgramFailed, Scoped, folder_for, free_port, spawn

MODULES = ("mpm_event", "authn_core", "authz_core", "authz_user", "ssl", "mime", "include")
PLACE = Path("/usr/lib/apache2/modules")
PAGE = """<h1>Hello <!--#echo var="OIDC_CLAIM_given_name" --></h1>
<p id="sub"><!--#echo var="OIDC_CLAIM_sub" --></p>
<p id="acr"><!--#echo var="OIDC_CLAIM_acr" --></p>
"""


class Apache(Scoped):
    """Three servers: a relying party, and two resource servers, of which one looks at the key set and
    the other asks the bank about each token. All speak TLS with the bank's own certificate.

    It must be told who it is, by `credentials`, before it is started.
    """

    def __init__(self, bank: LiveBank) -> None:
        self.bank = bank
        self.folder = folder_for("apache-")
        ports = [free_port() for _ in range(3)]
        self.party, self.reader, self.asker = (f"https://127.0.0.1:{port}" for port in ports)
        self._ports = ports
        self._process: subprocess.Popen[bytes] | None = None
        self.credentials: dict[str, tuple[str, str]] = {}

    @property
    def redirect_uri(self) -> str:
        return f"{self.party}/in/redirect"

    def start(self) -> None:
        """Returns when it takes connections."""
        shutil.copy(self.bank.certificate, self.folder / "server.pem")
        shutil.copy(self.bank.folder / "server.key", self.folder / "server.key")
        for room in ("in", "api"):
            (self.folder / room).mkdir()
            (self.folder / room / "index.shtml").write_text(PAGE)
        (self.folder / "out.html").write_text("<h1>Signed out of Apache</h1>")
        configuration = self.folder / "apache.conf"
        configuration.write_text(self._configuration())
        for path in self.folder.rglob("*"):
            path.chmod(0o755)
        command = ["/usr/sbin/apache2", "-f", str(configuration), "-DFOREGROUND"]
        self._process = spawn(command, self.folder / "log")
        deadline = time.monotonic() + PATIENCE
        while not self._takes_connections():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise ProgramFailed(self.said())
            time.sleep(0.05)

    def close(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE)
        shutil.rmtree(self.folder, ignore_errors=True)

    def said(self) -> str:
        """What it has written to its logs."""
        return "".join(file.read_text() for file in self.folder.glob("*log"))

    def _takes_connections(self) -> bool:
        try:
            ssl.get_server_certificate(("127.0.0.1", self._ports[-1]), timeout=1)
        except OSError:
            return False
        return True

    def _configuration(self) -> str:
        modules = [*MODULES, "auth_openidc"]
        general = [
            *(f"LoadModule {name}_module {PLACE}/mod_{name}.so" for name in modules),
            *(f"Listen 127.0.0.1:{port} https" for port in self._ports),
        ]
        oauth2 = f"{self.bank.issuer}/oauth2"
        asker_id, asker_secret = self.credentials["api"]
        introspection = f"""
            OIDCOAuthIntrospectionEndpoint {oauth2}/introspect
            OIDCOAuthIntrospectionEndpointAuth client_secret_basic
            OIDCOAuthClientID {asker_id}
            OIDCOAuthClientSecret {asker_secret}
            OIDCOAuthTokenIntrospectionInterval 0
            """
        hosts = (
            self._relying_party(),
            f"OIDCOAuthVerifyJwksUri {oauth2}/jwks\nOIDCCryptoPassphrase reader\n{_API}",
            f"{dedent(introspection)}OIDCCryptoPassphrase asker\n{_API}",
        )
        served = (
            f"<VirtualHost 127.0.0.1:{port}>\nSSLEngine on\n{host}\n</VirtualHost>"
            for port, host in zip(self._ports, hosts, strict=True)
        )
        return "\n".join((*general, _GENERAL.format(folder=self.folder), *served))

    def _relying_party(self) -> str:
        client_id, secret = self.credentials["apache"]
        return dedent(
            f"""
            OIDCProviderMetadataURL {self.bank.issuer}/.well-known/openid-configuration
            OIDCClientID {client_id}
            OIDCClientSecret {secret}
            OIDCRedirectURI {self.redirect_uri}
            OIDCCryptoPassphrase party
            OIDCScope "openid profile accounts:read"
            OIDCPKCEMethod S256
            OIDCIDTokenSignedResponseAlg ES256
            OIDCPassClaimsAs environment
            <Location /in>
              AuthType openid-connect
              Require valid-user
            </Location>
            """
        )


_GENERAL = """
ServerName 127.0.0.1
ServerRoot {folder}
DocumentRoot {folder}
PidFile {folder}/pid
Mutex file:{folder}
ErrorLog {folder}/error.log
LogLevel warn
TypesConfig /etc/mime.types
AddType text/html .shtml
AddOutputFilter INCLUDES .shtml
SSLCertificateFile {folder}/server.pem
SSLCertificateKeyFile {folder}/server.key
OIDCCABundlePath {folder}/server.pem
StartServers 1
<Directory {folder}>
  Options +Includes
  Require all granted
</Directory>
"""

_API = """
<Location /api>
  AuthType oauth20
  Require claim "scope~^(.* )?accounts:read( .*)?$"
</Location>
"""
