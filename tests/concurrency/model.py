"""Refresh families as a customer would describe them: the model that the service is held against.

Written from the decision table alone; it knows nothing of digests, rows or journals.
"""

from dataclasses import dataclass, field

RETRY_WINDOW = 60
IDLE = 14 * 86400
ABSOLUTE = 90 * 86400


@dataclass
class ModelFamily:
    """One family: every refresh token it ever gave, oldest first, and whether it lives."""

    client_id: str
    institution_id: str
    tokens: list[str]
    started: float
    turned: float
    alive: bool = True
    rotates: bool = True
    last_answer: tuple[str, str] | None = field(default=None)

    def expect(self, index: int, now: float, application_active: bool) -> str:
        """What presenting token `index` comes to: "turn", "same", "retry" or "refuse"."""
        if not application_active:
            return "unauthorized"
        if not self.alive or now >= self.started + ABSOLUTE or now >= self.turned + IDLE:
            return "refuse"
        behind = len(self.tokens) - 1 - index
        if behind == 0:
            return "turn" if self.rotates else "same"
        if behind == 1 and now < self.turned + RETRY_WINDOW:
            return "retry"
        self.alive = False
        return "refuse"
