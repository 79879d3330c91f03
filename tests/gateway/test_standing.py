"""What is held of an institution: against a plain model, and as keys come and go."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moneyer.gateway.keys import read_key_set
from moneyer.gateway.knowledge import Answer, KeySet, Knowledge
from moneyer.gateway.refusals import TokenInvalid
from moneyer.gateway.standing import Standing
from moneyer.gateway.token import Claims, SignatureCache
from moneyer.protocol.clock import SECOND
from moneyer.tokens.bulletin import Bulletin
from tests.gateway.alone import NOW, Alone
from tests.gateway.striking import InstitutionsKey

ISSUER = "https://bank.test/i/00016"
UNTIL = NOW + 1000

names = st.sampled_from(["a", "b", "c"])
ends = st.dictionaries(names, st.just(UNTIL), max_size=2)
marks = st.dictionaries(names, st.tuples(st.integers(1, 9), st.just(UNTIL)), max_size=2)
bulletins = st.builds(
    Bulletin,
    st.just(ISSUER),
    st.just(NOW),
    version=st.integers(0, 9),
    whole=st.booleans(),
    keys=st.none() | st.sets(names).map(tuple),
    applications=st.none() | st.sets(names).map(tuple),
    legacy=st.none() | st.sets(names).map(tuple),
    tokens=ends,
    families=ends,
    subjects=marks,
    consents=marks,
)


def claims(**changes: Any) -> Claims:
    base: dict[str, Any] = {
        "iss": ISSUER,
        "sub": "nobody",
        "aud": "",
        "exp": UNTIL,
        "iat": NOW,
        "jti": "-",
        "client_id": "a",
        "scope": "",
        "institution_id": "00016",
        "gty": "",
    }
    return Claims(**{**base, **changes})


def is_live(standing: Standing, token: Claims) -> bool:
    try:
        standing.require_live(token)
    except TokenInvalid:
        return False
    return True


@pytest.mark.requirement("GW-04", "GW-06")
@given(st.lists(bulletins, max_size=8), st.booleans())
def test_what_ended_stays_ended(told: list[Bulletin], over_a_restart: bool) -> None:
    """Whatever comes later, whole or older or late: each name ever told is refused, no other is; and
    who may act is what the newest version of the directory said."""
    standing = Standing(ISSUER)
    tokens: set[str] = set()
    families: set[str] = set()
    applications, newest = frozenset[str](), -1
    for bulletin in told:
        standing.learn(bulletin)
        tokens |= bulletin.tokens.keys()
        families |= bulletin.families.keys()
        if bulletin.version >= newest:
            newest = bulletin.version
            if bulletin.applications is not None:
                applications = frozenset(bulletin.applications)
        if over_a_restart:
            known = msgspec.json.decode(
                msgspec.json.encode(standing.known()), type=type(standing.known())
            )
            standing = Standing(ISSUER)
            standing.recall(known)
    for name in "abcd":
        assert is_live(standing, claims(client_id=name, sid="-")) == (name in applications)
        for client_id in sorted(applications)[:1]:
            by_token = is_live(standing, claims(client_id=client_id, jti=name, sid="-"))
            by_family = is_live(standing, claims(client_id=client_id, sid=name))
            assert by_token == (name not in tokens)
            assert by_family == (name not in families)


@given(st.lists(bulletins, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_order_in_which_bulletins_come_is_nothing(told: list[Bulletin], random: Any) -> None:
    """What has ended is the same, whichever process of the service was heard first."""
    one, two = Standing(ISSUER), Standing(ISSUER)
    for bulletin in told:
        one.learn(bulletin)
    for bulletin in random.sample(told, len(told)):
        two.learn(bulletin)
    ended = [(k.tokens, k.families, k.subjects, k.consents) for k in (one.known(), two.known())]
    assert ended[0] == ended[1]


def test_what_would_have_ended_anyway_is_swept_away() -> None:
    """Memory does not grow for ever; the token is long expired by then."""
    standing = Standing(ISSUER)
    names_of_old = {str(n): NOW + 10 for n in range(1000)}
    standing.learn(Bulletin(ISSUER, NOW, 1, applications=("a",), tokens=names_of_old))
    standing.forget((NOW + 10) * SECOND)
    assert not is_live(standing, claims(jti="7"))
    standing.forget((NOW + 100) * SECOND)
    assert not is_live(standing, claims(jti="7")), "by a clock that nobody else has"
    standing.learn(Bulletin(ISSUER, NOW + 100))
    standing.forget((NOW + 100) * SECOND)
    assert standing.known().tokens == {}


def key_set(*keys: InstitutionsKey) -> tuple[Any, ...]:
    return read_key_set(msgspec.json.encode({"keys": [key.published for key in keys]}))


@pytest.mark.requirement("GW-01")
def test_a_signature_that_was_verified_is_so_after_the_keys_were_read_again() -> None:
    """Read every ten minutes, the key set would else empty the cache each time."""
    alone = Alone()
    token, standing = alone.strike(), alone.standings["00016"]
    cache = SignatureCache()
    before = standing.key_of(token.split(".")[0].encode())
    assert before is not None
    cache.verify(token, cache.read(token), before)
    standing.take_keys(key_set(alone.keys["00016"]))
    after = standing.key_of(token.split(".")[0].encode())
    assert after is before
    assert cache.read(token).signed_by is after


@pytest.mark.requirement("GW-01")
def test_a_verified_token_ends_with_its_key() -> None:
    """By the bulletin that drops it, by a key set without it; and no key set brings it back."""
    alone = Alone()
    token, standing = alone.strike(), alone.standings["00016"]
    head = token.split(".")[0].encode()
    other = InstitutionsKey()
    standing.take_keys(key_set(other))
    assert standing.key_of(head) is None
    standing.take_keys(key_set(other, alone.keys["00016"]))
    assert standing.key_of(head) is not None
    standing.learn(Bulletin(standing.issuer, NOW, 2, keys=(other.thumbprint,)))
    assert standing.key_of(head) is None
    standing.take_keys(key_set(other, alone.keys["00016"]))
    assert standing.key_of(head) is None


@pytest.mark.requirement("GW-01")
def test_another_key_of_the_same_name_verifies_nothing_that_was_verified() -> None:
    """A key set that gives a name to other numbers: the signature is judged anew."""
    alone = Alone()
    token, standing = alone.strike(), alone.standings["00016"]
    cache, head = SignatureCache(), token.split(".")[0].encode()
    first = standing.key_of(head)
    assert first is not None
    cache.verify(token, cache.read(token), first)
    forged = {**InstitutionsKey().published, "kid": alone.keys["00016"].thumbprint}
    standing.take_keys(read_key_set(msgspec.json.encode({"keys": [forged]})))
    second = standing.key_of(head)
    assert second is not None
    with pytest.raises(TokenInvalid, match="signature-wrong"):
        cache.verify(token, cache.read(token), second)


def test_the_cache_of_signatures_is_bounded() -> None:
    """The oldest goes, and is verified again when it comes back."""
    alone = Alone()
    standing, cache = alone.standings["00016"], SignatureCache(most=2)
    tokens = [alone.strike(jti=str(n)) for n in range(3)]
    key = standing.key_of(tokens[0].split(".")[0].encode())
    assert key is not None
    for token in tokens:
        cache.verify(token, cache.read(token), key)
    assert [cache.read(token).signed_by is key for token in tokens] == [False, True, True]


@pytest.mark.requirement("GW-04")
def test_a_key_that_was_gone_before_the_guard_began_opens_nothing() -> None:
    """Also where a process of the service that is behind publishes it still."""
    stolen, good = InstitutionsKey(), InstitutionsKey()
    standing = Standing(ISSUER)
    standing.take_keys(key_set(good))
    standing.learn(Bulletin(ISSUER, NOW, 2, True, (good.thumbprint,), ("mobile",), ()))
    standing.take_keys(key_set(stolen, good))
    assert standing.key_of(stolen.header("at+jwt")) is None
    assert standing.key_of(good.header("at+jwt")) is not None


def test_a_key_that_is_not_published_is_looked_for_once() -> None:
    """Its time is over, and nothing else has changed: nobody says that it is gone."""
    gone, good = InstitutionsKey(), InstitutionsKey()
    standing = Standing(ISSUER)
    facts = Bulletin(ISSUER, NOW, 1, True, (gone.thumbprint, good.thumbprint), ("mobile",), ())
    standing.learn(facts)
    assert standing.lacks_keys()
    standing.take_keys(key_set(good))
    assert not standing.lacks_keys()
    newer = InstitutionsKey()
    keys = (newer.thumbprint, good.thumbprint)
    standing.learn(Bulletin(ISSUER, NOW, 2, keys=keys))
    assert standing.lacks_keys(), "this one was never looked for"


def test_the_keys_of_an_institution_that_is_guarded_no_longer_are_of_no_interest() -> None:
    """It was taken away while they were read."""
    knowledge = Knowledge("https://bank.test")
    both = {"00016": "b", "00042": "b"}
    knowledge.hear(Answer("one", both, ("00016", "00042"), is_whole=True))
    knowledge.hear(Answer("two", {}, ("00016",)))
    knowledge.take_keys(KeySet("00042", '{"keys":[]}'))
    assert (list(knowledge.dossiers), knowledge.cursor) == (["00016"], "two")
