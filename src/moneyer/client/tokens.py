"""What a grant gives."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tokens:
    """An access token and what came with it. Instants are microseconds since 1970 by this machine's
    clock, counted from before the request was sent: a token never lasts longer than it is believed to.

    `id_token` is handed over as it came; whoever reads it verifies it.
    """

    access_token: str
    obtained_at: int
    expires_at: int | None = None
    scopes: tuple[str, ...] = ()
    refresh_token: str | None = None
    refresh_expires_at: int | None = None
    id_token: str | None = None

    def __repr__(self) -> str:
        return f"Tokens(…, scopes={self.scopes}, expires_at={self.expires_at})"
