"""A signing key that is changed at once, to one that no verifier has seen."""

import asyncio
from pathlib import Path

import msgspec

from moneyer.endpoints.http import Answer
from moneyer.keys.lifecycle import RETENTION, KeyRecord, KeyState, state
from moneyer.keys.sealing import new_key
from moneyer.protocol.clock import Clock
from moneyer.sandbox.faults.fault import Before, Scene
from moneyer.sandbox.faults.whose import institution_of
from moneyer.store.admin import Admin
from moneyer.store.engine import opened

MOST_RETIRING = 16
"""Keys that are still published after they have been changed for others; the oldest go first."""


def changing_keys(database: Path) -> Before:
    """The step for a sandbox whose store is `database`. One change comes after the other."""
    changing = asyncio.Lock()

    async def before(scene: Scene, _argument: int) -> Answer | None:
        mint = scene.service.mint
        institution = mint.snapshot.institution(institution_of(scene.request, scene.place))
        if institution is not None:
            clock, sealing = mint.clock, mint.keys.sealing
            await mint.signing_key(institution, clock.now())
            async with changing:
                await asyncio.to_thread(
                    change_key, database, sealing, institution.institution_id, clock
                )
                await mint.directory.refresh()
        return None

    return before


def change_key(database: Path, sealing: bytes, institution_id: str, clock: Clock) -> None:
    """Raises AdminError, DatabaseError."""
    with opened(database) as engine:
        desk = Admin(engine, clock, writer="sandbox").institutions
        algorithm = desk.get(institution_id).policy.algorithm
        now = clock.now()
        fresh = new_key(sealing, institution_id, algorithm, now, now)
        desk.save_keys(institution_id, (*retire(desk.keys(institution_id), now), fresh))


def retire(keys: tuple[KeyRecord, ...], now: int) -> tuple[KeyRecord, ...]:
    """`keys` with none active: those that were stay published, as after any change."""
    kept = [
        msgspec.structs.replace(key, retires_at=now, removed_at=now + RETENTION)
        if state(key, now) is KeyState.ACTIVE
        else key
        for key in keys
    ]
    retiring = [key for key in kept if state(key, now) is KeyState.RETIRING]
    retiring.sort(key=lambda key: (key.retires_at or 0, key.kid))
    dropped = {key.kid for key in retiring[:-MOST_RETIRING]}
    return tuple(key for key in kept if key.kid not in dropped)
