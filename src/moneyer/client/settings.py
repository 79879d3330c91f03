"""What an application says about itself and about the service it speaks to."""

from dataclasses import dataclass, field

from moneyer.client.addresses import require_endpoint
from moneyer.client.dialect import V2, Dialect
from moneyer.client.renewal import Margin
from moneyer.client.retrying import Retry
from moneyer.protocol.identifiers import is_institution_id
from moneyer.protocol.scopes import valid_scope


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: for a connection, and for the answer from the first byte sent to the last received."""

    connect: float = 3.0
    answer: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One application at one institution. Raises ValueError for what cannot work, InsecureAddress for
    plain HTTP to another machine.

    Either `base_url`, below which the dialect knows its paths, or `token_url` (and `revocation_url`, if
    tokens are to be revoked). Without a secret the application is public and names itself in the body.
    No `scopes`: all that the application holds.
    """

    client_id: str
    institution_id: str
    client_secret: str | None = field(default=None, repr=False)
    base_url: str | None = None
    token_url: str | None = None
    revocation_url: str | None = None
    dialect: Dialect = V2
    scopes: tuple[str, ...] = ()
    timeouts: Timeouts = field(default_factory=Timeouts)
    retry: Retry = field(default_factory=Retry)
    margin: Margin = field(default_factory=Margin)
    send_transaction_id: bool = True
    """A fresh `transactionId` on each request, to the token service (in V2) and to the APIs."""
    institution_on_refresh: bool = True
    """Whether `institutionId` goes with a refresh token, where V2 leaves the choice."""

    def __post_init__(self) -> None:
        if not self.client_id:
            raise ValueError("client_id is missing")
        if not is_institution_id(self.institution_id):
            raise ValueError("institution_id is 1 to 32 letters and digits, such as 00016")
        if not all(map(valid_scope, self.scopes)):
            raise ValueError("scopes is a tuple of single scopes")
        if (self.base_url is None) is (self.token_url is None):
            raise ValueError("either base_url or token_url is given")
        for url in (self.base_url, self.token_url, self.revocation_url):
            if url is not None:
                require_endpoint(url)

    @property
    def token_endpoint(self) -> str:
        """Where tokens are asked for."""
        return self.token_url or self._below(self.dialect.token_path)

    @property
    def revocation_endpoint(self) -> str:
        """Where tokens are revoked. Raises ValueError where only `token_url` is known."""
        if self.revocation_url is None and self.base_url is None:
            raise ValueError("revocation_url is not among the settings")
        return self.revocation_url or self._below(self.dialect.revocation_path)

    def _below(self, path: str) -> str:
        return (self.base_url or "").rstrip("/") + path.format(institution_id=self.institution_id)
