"""Every fault there is, in the order in which those that come together happen."""

from pathlib import Path

from moneyer.endpoints.v1.frame import LegacyCall
from moneyer.sandbox.faults import steps, struck
from moneyer.sandbox.faults.fault import Argument, Before, Fault, Scene, Site
from moneyer.sandbox.faults.key_change import changing_keys
from moneyer.sandbox.faults.refusals import documented, guarded
from moneyer.sandbox.faults.theft import presented_in, steal
from moneyer.sandbox.faults.whose import institution_of

ANYWHERE = Site("anywhere", lambda _scene: True)

MOST_MILLISECONDS = 60_000
MOST_SECONDS = 366 * 86_400


def _knows_institution(scene: Scene) -> bool:
    institution_id = institution_of(scene.request, scene.place)
    return scene.service.mint.snapshot.institution(institution_id) is not None


def _renews(scene: Scene) -> bool:
    """V1 has tokens of this kind and no grant for them."""
    place, mint = scene.place, scene.service.mint
    can_renew = place.kind == "token" and place.frame is not LegacyCall
    return can_renew and presented_in(scene.request, mint) is not None


_SOMEWHERE = Site("a request that names an institution", _knows_institution)
_RENEWAL = Site("a renewal", _renews)
_TOKENS = Site(
    "a token request, or a call with a token",
    lambda scene: scene.place.kind in {"token", "bearer", "api"},
)

_MILLISECONDS = Argument("MS", 0, MOST_MILLISECONDS)
_RETRY_AFTER = Argument("RETRY_AFTER", 0, 86_400, 1)


def catalogue(database: Path = Path()) -> dict[str, Fault]:
    """The faults by name, for a sandbox whose store is `database`."""
    rotation = changing_keys(database)
    return {fault.name: fault for fault in (*_weather(rotation), *documented(), *guarded())}


def _weather(rotation: Before) -> tuple[Fault, ...]:
    return (
        Fault(
            "latency",
            "the request waits for so many milliseconds before it is handled",
            ANYWHERE,
            _MILLISECONDS,
            before=steps.latency,
        ),
        Fault(
            "key-rotation",
            "the institution changes its signing key at once, to one nobody has seen",
            _SOMEWHERE,
            before=rotation,
        ),
        Fault(
            "rotation-replay",
            "a thief has renewed twice with this refresh token: its family is revoked",
            _RENEWAL,
            before=steal,
        ),
        Fault(
            "clock-skew",
            "the server's clock is off by so many seconds: Date, new tokens, what has expired",
            ANYWHERE,
            Argument("SECONDS", -MOST_SECONDS, MOST_SECONDS),
            before=struck.judge_skewed,
            after=struck.date_skewed,
        ),
        Fault(
            "expired-token",
            "a call is refused as with an expired token; a new token lives for so many seconds",
            _TOKENS,
            Argument("SECONDS", 0, 86_400, 1),
            before=struck.refuse_token,
            after=struck.expire,
        ),
        Fault(
            "revoked-token",
            "a call is refused as with a revoked token; a new token is revoked before it is sent",
            _TOKENS,
            before=struck.refuse_token,
            after=struck.revoke_new,
        ),
        Fault(
            "duplicate",
            "the request is handled twice, as a proxy does that repeats; the second answer is sent",
            ANYWHERE,
            before=steps.duplicate,
        ),
        Fault(
            "slow-answer",
            "the request is handled, and its answer waits for so many milliseconds",
            ANYWHERE,
            _MILLISECONDS,
            after=steps.slow_answer,
        ),
        Fault(
            "truncated-answer",
            "the request is handled; the connection ends in the middle of the answer's body",
            ANYWHERE,
            after=steps.truncated_answer,
        ),
        Fault(
            "lost-answer",
            "the request is handled; the connection ends without a byte of the answer",
            ANYWHERE,
            after=steps.lost_answer,
        ),
        *_instead(),
    )


def _instead() -> tuple[Fault, ...]:
    """What is answered while nothing is done."""
    return (
        Fault(
            "unavailable",
            "503 with Retry-After, in the words of the endpoint; nothing is done",
            ANYWHERE,
            _RETRY_AFTER,
            before=steps.unavailable,
            answers=True,
        ),
        Fault(
            "overloaded",
            "429 with Retry-After, in the words of the endpoint; nothing is done",
            ANYWHERE,
            _RETRY_AFTER,
            before=steps.overloaded,
            answers=True,
        ),
        Fault(
            "server-error",
            "500, in V2 CMN_90000; nothing is done",
            ANYWHERE,
            before=steps.server_error,
            answers=True,
        ),
        Fault(
            "wrong-content-type",
            "502 with a proxy's page in HTML; nothing is done",
            ANYWHERE,
            before=steps.wrong_content_type,
            answers=True,
        ),
        Fault(
            "redirect",
            "302 to a page elsewhere, as from a captive portal; nothing is done",
            ANYWHERE,
            before=steps.redirect,
            answers=True,
        ),
        Fault(
            "garbage",
            "200 that says it is JSON and is not; nothing is done",
            ANYWHERE,
            before=steps.garbage,
            answers=True,
        ),
    )
