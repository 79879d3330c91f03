"""A plain V2 endpoint, as the vendor describes it and no friendlier: every value is text, errors have a
code and a message and nothing else, `transactionId` is demanded, refresh tokens are good once."""

import base64
import itertools
import threading
import uuid

import msgspec

from tests.client.middleman import Reply, Seen

CLIENT_ID, CLIENT_SECRET = "plain", "plain secret +%é"
GOOD_CODE, PASSWORD = "good-code", "opens doors"
JSON = {"content-type": "application/json"}


class PlainV2:
    """A service for a Middleman; also one API, `/v1/accounts`, that takes the tokens it gave."""

    def __init__(self) -> None:
        self.lifetime = 1800
        self.rotates = True
        self.live: set[str] = set()
        self.refresh_tokens: set[str] = set()
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def __call__(self, seen: Seen) -> Reply:
        with self._lock:
            if seen.path == "/v1/accounts":
                return self._accounts(seen)
            try:
                uuid.UUID(seen.headers["transactionid"])
            except (KeyError, ValueError):
                return refusal(400, "CMN_90008", "Header transactionId is invalid")
            pair = base64.b64decode(seen.headers.get("authorization", "").partition(" ")[2])
            if pair != b"plain:plain+secret+%2B%25%C3%A9":
                return refusal(401, "CMN_90004", "Invalid credentials")
            if seen.path == "/oauth2/v1/revoke" and seen.method == "DELETE":
                return self._revoke(seen.form["token"])
            return self._grant(seen, seen.form)

    def revoke_all(self) -> None:
        """No access token opens anything any more."""
        self.live.clear()

    def _grant(self, seen: Seen, form: dict[str, str]) -> Reply:
        grant = form["grant_type"]
        if grant != "refresh_token" and seen.headers.get("institutionid") != "00016":
            return refusal(400, "CMN_90005", "Header institutionId is invalid")
        if grant == "client_credentials":
            return self._tokens(with_refresh=False)
        if grant == "password" and form["password"] != PASSWORD:
            return refusal(401, "CMN_90015", "Invalid user credentials")
        if grant == "authorization_code" and form["code"] != GOOD_CODE:
            return refusal(400, "CMN_90016", "Invalid token")
        if grant == "refresh_token":
            if form["refresh_token"] not in self.refresh_tokens:
                return refusal(400, "CMN_90016", "Invalid token")
            if not self.rotates:
                return self._tokens(with_refresh=False)
            self.refresh_tokens.remove(form["refresh_token"])
        return self._tokens(with_refresh=True)

    def _tokens(self, *, with_refresh: bool) -> Reply:
        number = next(self._numbers)
        body = {"access_token": f"at-{number}", "expires_in": str(self.lifetime)}
        self.live.add(f"at-{number}")
        if with_refresh:
            self.refresh_tokens.add(f"rt-{number}")
            body |= {"refresh_token": f"rt-{number}", "refresh_token_expires_in": "15551999"}
        return Reply(200, JSON, msgspec.json.encode(body | {"token_type": "Bearer"}))

    def _revoke(self, token: str) -> Reply:
        self.live.discard(token)
        self.refresh_tokens.discard(token)
        return Reply(204, {}, b"")

    def _accounts(self, seen: Seen) -> Reply:
        scheme, _, token = seen.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or token not in self.live:
            return refusal(401, "ACC_00601", "The authentication token is invalid")
        return Reply(200, JSON, b'{"accounts":[]}')


def refusal(status: int, code: str, message: str) -> Reply:
    return Reply(status, JSON, msgspec.json.encode({"code": code, "message": message}))
