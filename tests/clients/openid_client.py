"""npm's openid-client in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Self

PROGRAM = Path(__file__).parent / "node" / "relying_party.mjs"
PATIENCE = 20.0


class Refused(Exception):
    """What openid-client raised: an OAuth error code, or the name of its own complaint."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(f"{error}: {message}")
        self.error = error


class OpenidClient:
    """One relying party; in `with` it runs. `certificate` is the one that it trusts."""

    def __init__(self, certificate: Path) -> None:
        assert (PROGRAM.parent / "node_modules").is_dir(), "`make test` installs openid-client"
        own = {"NODE_EXTRA_CA_CERTS": str(certificate), "NO_PROXY": "127.0.0.1"}
        self._process = subprocess.Popen(
            ["node", PROGRAM],
            env={"PATH": os.environ["PATH"], **own},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.communicate(timeout=PATIENCE)

    def ask(self, step: str, **given: Any) -> Any:
        """Does one step; gives what openid-client gave. Raises Refused."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"step": step, **given}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise Refused(answer["error"], answer["message"])
        return answer["result"]
