"""An authenticator made of software: it signs what a test tells it to (WebAuthn sections 6 and 7)."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from moneyer.protocol import base64url

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def text(raw: bytes) -> str:
    return base64url.encode(raw).decode()


class Authenticator:
    """One passkey. Its answers are honest unless a test changes a part of them."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = secrets.token_bytes(32)
        self.count = 1
        self.user = b""

    def create(self, options: Any, origin: str, **changes: Any) -> str:
        """What `navigator.credentials.create` gives for a page's options."""
        self.user = base64url.decode(options["user"]["id"].encode())
        given = {"rp_id": options["rp"]["id"], "flags": PRESENT | VERIFIED | ATTESTED, **changes}
        attested = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id
        data = self._data(given["rp_id"], given["flags"]) + attested + cbor2.dumps(self._public_key())
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options, origin, changes)
        return self._answer({"clientDataJSON": text(client), "attestationObject": text(attestation)})

    def get(self, options: Any, origin: str, **changes: Any) -> str:
        """What `navigator.credentials.get` gives. `changes` are `challenge`, `rp_id`, `flags`, `count`,
        `kind`, `user` and `key`."""
        if "count" not in changes:
            self.count += 1
        given = {
            "rp_id": options["rpId"],
            "flags": PRESENT | VERIFIED,
            "count": self.count,
            "key": self.key,
            "user": self.user,
            "kind": "webauthn.get",
            **changes,
        }
        data = self._data(given["rp_id"], given["flags"], given["count"])
        client = self._client(given["kind"], options, origin, changes)
        signed = data + hashlib.sha256(client).digest()
        signature = given["key"].sign(signed, ec.ECDSA(hashes.SHA256()))
        parts = {"authenticatorData": data, "clientDataJSON": client, "signature": signature}
        if given["user"] is not None:
            parts["userHandle"] = given["user"]
        return self._answer({name: text(raw) for name, raw in parts.items()})

    def _data(self, rp_id: str, flags: int, count: int | None = None) -> bytes:
        number = self.count if count is None else count
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + number.to_bytes(4, "big")

    def _client(self, kind: str, options: Any, origin: str, changes: Any) -> bytes:
        challenge = changes.get("challenge", options["challenge"])
        said = {"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _public_key(self) -> dict[int, Any]:
        """COSE_Key: EC2, ES256, P-256 (RFC 9053)."""
        numbers = self.key.public_key().public_numbers()
        x, y = (n.to_bytes(32, "big") for n in (numbers.x, numbers.y))
        return {1: 2, 3: -7, -1: 1, -2: x, -3: y}

    def _answer(self, response: dict[str, str]) -> str:
        name = text(self.credential_id)
        return json.dumps(
            {
                "id": name,
                "rawId": name,
                "type": "public-key",
                "response": response,
                "clientExtensionResults": {},
                "authenticatorAttachment": "platform",
            }
        )
