"""Proving a second factor: counted and decided in one transaction, each code once.

A wrong code counts against the customer's factors together, by the same rules as a wrong password.
"""

from typing import NamedTuple

import msgspec

from moneyer.customers.factors import passkeys, recovery, totp
from moneyer.customers.factors.factor import Factor, FactorKind
from moneyer.grants.mint import Mint
from moneyer.guards import attempts
from moneyer.guards.attempts import Attempts
from moneyer.keys.sealing import seal, unseal_bytes
from moneyer.protocol.failures import BadCustomer, CannotSign
from moneyer.store.kinds import FACTORS
from moneyer.store.rows import Rows


class Proof(NamedTuple):
    """What a customer presents as a second factor: a code, or the answer of an authenticator.

    `challenge`, `rp_id` and `origin` are what a passkey has to have signed.
    """

    kind: FactorKind
    factor_id: str
    presented: str
    challenge: bytes = b""
    rp_id: str = ""
    origin: str = ""

    def __repr__(self) -> str:
        return f"Proof({self.kind!r})"


def binding(institution_id: str, factor_id: str) -> bytes:
    """What a sealed factor is bound to: its own row."""
    return b"\x00".join((institution_id.encode(), b"factors", factor_id.encode(), b"sealed"))


def sealed_factor(mint: Mint, factor: Factor, plain: bytes) -> Factor:
    """The factor with `plain` sealed in it."""
    bound = binding(factor.institution_id, factor.factor_id)
    return msgspec.structs.replace(factor, sealed=seal(mint.keys.factors, plain, bound))


def opened_factor(mint: Mint, factor: Factor) -> bytes:
    """What is sealed in it. Raises CannotSign where the master key is another."""
    try:
        bound = binding(factor.institution_id, factor.factor_id)
        return unseal_bytes(mint.keys.factors, factor.sealed, bound)
    except ValueError:
        raise CannotSign("factor-does-not-open") from None


async def live_factors(mint: Mint, institution_id: str, customer_id: str) -> list[Factor]:
    """The customer's factors that were not removed."""
    found: list[Factor] = await mint.reader.of_customer(institution_id, customer_id, FACTORS)
    return [factor for factor in found if factor.status == "live"]


def kinds_of(factors: list[Factor]) -> tuple[FactorKind, ...]:
    """Which kinds there are, in the order in which they are offered. Recovery codes alone are none."""
    present = {factor.kind for factor in factors}
    if present <= {"recovery"}:
        return ()
    order: tuple[FactorKind, ...] = ("passkey", "totp", "recovery")
    return tuple(kind for kind in order if kind in present)


def attempts_row(customer_id: str) -> str:
    return f"factor:{customer_id}"


class FactorCheck:
    """The part of an operation that proves a factor: which rows it needs, and the check itself."""

    def __init__(self, mint: Mint, institution_id: str, customer_id: str, proof: Proof) -> None:
        self._mint = mint
        self._institution_id = institution_id
        self._customer_id = customer_id
        self._proof = proof

    @property
    def kind(self) -> FactorKind:
        return self._proof.kind

    def wants(self, rows: Rows) -> None:
        rows.attempts.want(self._institution_id, attempts_row(self._customer_id))
        rows.factors.want(self._institution_id, self._proof.factor_id)

    def prove(self, rows: Rows, now: int) -> None:
        """Raises BadCustomer, the failure counted, unless the factor is the customer's and proven."""
        mint, name = self._mint, attempts_row(self._customer_id)
        row = rows.attempts.get(self._institution_id, name)
        row = row or Attempts(self._institution_id, name, now)
        counted = attempts.admit_login(row, mint.login_limits, now)
        if counted is None:
            raise BadCustomer("factor-locked")
        factor = rows.factors.get(self._institution_id, self._proof.factor_id)
        try:
            used = self._used(factor, now)
        except BadCustomer:
            rows.attempts.put(attempts.fail_login(counted, mint.login_limits, now))
            raise
        rows.attempts.put(attempts.forgive(counted, now))
        rows.factors.put(msgspec.structs.replace(used, last_used_at=now))

    def _used(self, factor: Factor | None, now: int) -> Factor:
        """The factor as it stands after this use. Raises BadCustomer."""
        proof = self._proof
        if factor is None or factor.customer_id != self._customer_id or factor.status != "live":
            raise BadCustomer("factor-unknown")
        if factor.kind != proof.kind:
            raise BadCustomer("factor-of-another-kind")
        plain = opened_factor(self._mint, factor)
        if factor.kind == "totp":
            step = totp.accepted_step(plain, proof.presented, now, factor.counter)
            if step is None:
                raise BadCustomer("code-wrong")
            return msgspec.structs.replace(factor, counter=step)
        if factor.kind == "recovery":
            digests = msgspec.json.decode(plain, type=tuple[bytes, ...])
            key = self._mint.keys.factors
            digest = recovery.digest(key, self._customer_id, recovery.normal(proof.presented))
            rest = recovery.spend(digests, digest)
            if rest is None:
                raise BadCustomer("recovery-code-wrong")
            return sealed_factor(self._mint, factor, msgspec.json.encode(rest))
        passkey = passkeys.verify_authentication(
            proof.presented, proof.challenge, proof.rp_id, proof.origin, passkeys.decode(plain)
        )
        turned = msgspec.structs.replace(factor, counter=passkey.sign_count)
        return sealed_factor(self._mint, turned, passkeys.encode(passkey))
