"""With nginx in front that ends TLS: whose certificate a call came with."""

import asyncio
import hashlib
import shutil
import ssl
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from tests.certificates import self_signed
from tests.gateway import proxies
from tests.gateway.alone import Alone
from tests.gateway.house import open_house
from tests.gateway.striking import b64
from tests.processes import folder_for


@pytest.mark.requirement("GW-01", "GW-03")
async def test_a_token_bound_to_a_certificate_opens_to_its_owner(tmp_path: Path) -> None:
    """The caller's, as TLS has proven it; not the one that a caller writes into a header."""
    servers = folder_for("certificate-")
    trusted = self_signed(servers)
    (servers / "server.key").chmod(0o644)
    for name in ("owner", "thief"):
        (tmp_path / name).mkdir()
        self_signed(tmp_path / name)
    owners = ssl.PEM_cert_to_DER_cert((tmp_path / "owner" / "server.pem").read_text())
    alone = Alone()
    token = alone.strike(cnf={"x5t#S256": b64(hashlib.sha256(owners).digest())})

    async with open_house(alone.guard, certificate_header="x-client-cert") as house:
        proxy = proxies.nginx_with_tls(house.gateway, house.apis, servers)
        await asyncio.to_thread(proxy.__enter__)

        async def call(name: str, **more: str) -> int:
            trust = trusted
            if name:
                trust = ssl.create_default_context(cafile=str(servers / "server.pem"))
                trust.load_cert_chain(tmp_path / name / "server.pem", tmp_path / name / "server.key")
            async with httpx.AsyncClient(verify=trust, trust_env=False) as http:
                answer = await http.get(
                    f"https://127.0.0.1:{proxy.port}/v1/accounts",
                    headers={"Authorization": f"Bearer {token}", **more},
                )
            return answer.status_code

        try:
            assert await call("owner") == 200
            copied = quote((tmp_path / "owner" / "server.pem").read_text())
            for name in ("thief", ""):
                assert await call(name) == 401
                assert await call(name, **{"X-Client-Cert": copied}) == 401
        finally:
            await asyncio.to_thread(proxy.close)
            shutil.rmtree(servers)
