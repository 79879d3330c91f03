"""A refresh token that was stolen, and used before its owner comes."""

from moneyer.applications.application import Application
from moneyer.audit.events import Event
from moneyer.endpoints.http import Request
from moneyer.grants.mint import Mint
from moneyer.grants.renewal import renewal_policy
from moneyer.protocol.failures import Failure
from moneyer.sandbox.faults.fault import Scene
from moneyer.sandbox.faults.whose import application_of, form_of
from moneyer.store.rows import Rows
from moneyer.tokens.family import (
    Outcome,
    Presented,
    RatchetKeys,
    decide,
    read_token,
    write_token,
)


async def steal(scene: Scene, _argument: int) -> None:
    """A thief renews twice with the token that is presented; the engine then finds it replayed."""
    mint = scene.service.mint
    presented = presented_in(scene.request, mint)
    application = mint.snapshot.application(application_of(scene.request, scene.place))
    if presented is not None and application is not None:
        await mint.journal.perform(TurnTwice(mint.ratchet, presented, application))


def presented_in(request: Request, mint: Mint) -> Presented | None:
    """The refresh token in a request; None where there is none of ours."""
    try:
        form = form_of(request)
        if form.text("grant_type", 32) != "refresh_token":
            return None
        return read_token(mint.ratchet, form.text("refresh_token", 1024) or "")
    except Failure:
        return None


class TurnTwice:
    """Turns the family as if two of its tokens had been presented, this one and the next."""

    def __init__(self, keys: RatchetKeys, presented: Presented, application: Application) -> None:
        self._keys = keys
        self._presented = presented
        self._application = application
        self.institution_id = presented.institution_id

    def wants(self, rows: Rows) -> None:
        rows.families.want(self.institution_id, self._presented.family_id)

    def decide(self, rows: Rows, now: int) -> None:
        """Nothing changes where the token would not have renewed anything."""
        presented, policy = self._presented, renewal_policy(self._application)
        client_id = self._application.client_id
        for _ in range(2):
            family = rows.families.get(self.institution_id, presented.family_id)
            verdict = decide(self._keys, policy, presented, family, client_id, now)
            if verdict.outcome is not Outcome.ROTATED or verdict.family is None:
                return
            rows.families.put(verdict.family)
            rows.record(
                Event(
                    "refresh:rotated",
                    now,
                    self.institution_id,
                    client_id=client_id,
                    customer_id=verdict.family.customer_id,
                    grant_type="refresh_token",
                    reason="ordered-fault",
                    family_id=presented.family_id.hex(),
                    generation=verdict.family.generation,
                )
            )
            presented = read_token(self._keys, write_token(self._keys, verdict.family, verdict.secret))
