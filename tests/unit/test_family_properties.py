"""The ratchet as properties: any history, any presentation, against a table written anew."""

import ast
import string
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moneyer.protocol.clock import SECOND
from moneyer.protocol.failures import BadToken
from moneyer.tokens import family as ratchet
from moneyer.tokens.family import (
    MAX_TOKEN_LENGTH,
    Outcome,
    Presented,
    RatchetKeys,
    RenewalPolicy,
    access_token_id,
    belongs,
    decide,
    idle_end,
    read_token,
    revoked,
    write_token,
)
from tests.unit.ratchet import (
    FAMILY_ID,
    KEYS,
    LIFETIME,
    NOW,
    POLICY,
    digest,
    open_family,
    sealed,
    secret_at,
    token_at,
)

MANY = settings(max_examples=400, deadline=None)
INSTITUTIONS = st.text(string.ascii_letters + string.digits, min_size=1, max_size=32)
OFFSETS = st.one_of(
    st.integers(-5, 200 * 86400 * SECOND),
    st.sampled_from([0, 1, 60, 61, 14 * 86400, 90 * 86400]).map(lambda s: s * SECOND),
    st.sampled_from([59, 60, 14 * 86400, 90 * 86400]).map(lambda s: s * SECOND - 1),
)


@given(
    institution_id=INSTITUTIONS,
    family_id=st.binary(min_size=16, max_size=16),
    generation=st.integers(0, 2**32 - 1),
    secret=st.binary(min_size=32, max_size=32),
)
@MANY
def test_a_token_reads_back_as_it_was_written(
    institution_id: str, family_id: bytes, generation: int, secret: bytes
) -> None:
    family = msgspec.structs.replace(
        open_family()[0], institution_id=institution_id, family_id=family_id, generation=generation
    )
    text = write_token(KEYS, family, secret)
    assert text == sealed(family_id + generation.to_bytes(4, "big") + secret, institution_id)
    assert len(text) <= MAX_TOKEN_LENGTH
    assert read_token(KEYS, text) == Presented(institution_id, family_id, generation, secret)


@pytest.mark.requirement("TE-15")
@given(place=st.integers(0, len(token_at(0)) - 1), letter=st.characters(max_codepoint=0x3FF))
@MANY
def test_a_token_changed_in_any_one_place_is_refused_before_the_store(place: int, letter: str) -> None:
    token = token_at(0)
    changed = token[:place] + letter + token[place + 1 :]
    if changed != token:
        with pytest.raises(BadToken):
            read_token(KEYS, changed)


@given(junk=st.one_of(st.text(max_size=300), st.text(max_size=200).map(lambda t: "mrt_" + t)))
@MANY
def test_junk_is_refused_and_never_anything_worse(junk: str) -> None:
    with pytest.raises(BadToken):
        read_token(KEYS, junk)


@given(cut=st.integers(0, len(token_at(0)) - 1), more=st.text(string.ascii_letters, max_size=20))
@MANY
def test_a_token_cut_short_or_made_longer_is_refused(cut: int, more: str) -> None:
    for text in (token_at(0)[:cut], token_at(0) + "A" + more, " " + token_at(0), token_at(0) + "="):
        with pytest.raises(BadToken):
            read_token(KEYS, text)


@given(other=INSTITUTIONS.filter(lambda name: name != "00016"))
@MANY
def test_the_tag_binds_the_institution(other: str) -> None:
    """A token whose institution was written over is nobody's: "16" and "00016" are two banks."""
    with pytest.raises(BadToken):
        read_token(KEYS, token_at(0).replace("mrt_00016.", f"mrt_{other}."))


def test_a_token_under_another_tag_key_is_refused() -> None:
    with pytest.raises(BadToken):
        read_token(RatchetKeys(bytes(32), KEYS.ratchet), token_at(0))


@given(turns=st.integers(0, 40), seconds=st.lists(st.integers(0, 86400), min_size=40, max_size=40))
@settings(max_examples=60, deadline=None)
def test_a_chain_of_rotations_is_the_chain_of_the_formula(turns: int, seconds: list[int]) -> None:
    """Token by token, the code strikes what the formulas give; the row never grows."""
    family, token = open_family()
    size, now = len(msgspec.json.encode(family)), NOW
    for generation in range(turns):
        assert token == token_at(generation)
        now += seconds[generation] * SECOND
        verdict = decide(KEYS, POLICY, read_token(KEYS, token), family, "mobile", now)
        assert verdict.family is not None
        family, token = verdict.family, write_token(KEYS, verdict.family, verdict.secret)
        assert family.digest == digest(secret_at(generation + 1))
    assert token == token_at(turns)
    assert len(msgspec.json.encode(family)) <= size + 8


def expected(current: int, shown: int, fits: bool, since: int, policy: RenewalPolicy) -> Outcome:
    """The table again: what a live, unexpired family of this application does."""
    if shown > current or not fits:
        return Outcome.REFUSED
    if since >= policy.idle * SECOND or since + SECOND >= LIFETIME * SECOND:
        return Outcome.REFUSED
    if shown == current:
        return Outcome.ROTATED if policy.rotates else Outcome.RENEWED
    if shown == current - 1 and since < policy.retry_window * SECOND:
        return Outcome.RETRIED
    return Outcome.REPLAYED


@given(
    current=st.integers(0, 12),
    shown=st.integers(0, 13),
    fits=st.booleans(),
    since=OFFSETS,
    window=st.sampled_from([0, 1, 60, 86400]),
    rotates=st.booleans(),
)
@settings(max_examples=2000, deadline=None)
def test_every_presentation_gets_the_row_of_the_table_that_fits(
    current: int, shown: int, fits: bool, since: int, window: int, rotates: bool
) -> None:
    """Turned a second after it was opened; then anything may be shown, at any time."""
    policy = RenewalPolicy(window, 14 * 86400, rotates)
    family = msgspec.structs.replace(
        open_family()[0],
        generation=current,
        digest=digest(secret_at(current)),
        turned_at=NOW + SECOND,
    )
    secret = secret_at(shown) if fits else b"\x33" * 32
    presented = Presented("00016", FAMILY_ID, shown, secret)
    verdict = decide(KEYS, policy, presented, family, "mobile", NOW + SECOND + since)
    assert verdict.outcome is expected(current, shown, fits, since, policy)
    changed = verdict.family is not None and verdict.family != family
    if verdict.outcome is Outcome.REFUSED:
        assert verdict.family is None
        assert not verdict.secret
    elif verdict.outcome is Outcome.REPLAYED:
        assert verdict.family == revoked(family, NOW + SECOND + since)
        assert not verdict.secret
    elif verdict.outcome is Outcome.RETRIED:
        assert not changed
        assert verdict.secret == secret_at(current)
    else:
        step = int(rotates)
        assert verdict.family is not None
        assert verdict.family.generation == current + step
        assert digest(verdict.secret) == verdict.family.digest
        assert verdict.secret == secret_at(current + step)


@given(current=st.integers(0, 12), shown=st.integers(0, 13), fits=st.booleans())
@MANY
def test_every_token_the_family_ever_had_belongs_to_it_and_no_other(
    current: int, shown: int, fits: bool
) -> None:
    family = msgspec.structs.replace(
        open_family()[0], generation=current, digest=digest(secret_at(current))
    )
    presented = Presented("00016", FAMILY_ID, shown, secret_at(shown) if fits else bytes(32))
    assert belongs(KEYS, presented, family) is (fits and shown <= current)


def test_the_next_secret_needs_the_ratchet_key() -> None:
    """Whoever holds a dump and an old token, but not the key, cannot step it forward."""
    other = RatchetKeys(KEYS.tag, bytes(32))
    family = msgspec.structs.replace(open_family()[0], generation=1, digest=digest(secret_at(1)))
    assert not belongs(other, read_token(KEYS, token_at(0)), family)


@given(
    turned=st.lists(st.integers(NOW, NOW + 10), min_size=2, max_size=2),
    generations=st.lists(st.integers(0, 3), min_size=2, max_size=2),
    scopes=st.lists(st.sampled_from([("a",), ("a", "b"), ("ab",), ()]), min_size=2, max_size=2),
)
@MANY
def test_access_tokens_share_an_id_exactly_when_turn_and_scopes_are_the_same(
    turned: list[int], generations: list[int], scopes: list[tuple[str, ...]]
) -> None:
    base = open_family()[0]
    ids = [
        access_token_id(
            KEYS,
            msgspec.structs.replace(base, turned_at=turned[n], generation=generations[n]),
            scopes[n],
        )
        for n in (0, 1)
    ]
    same = (turned[0], generations[0], scopes[0]) == (turned[1], generations[1], scopes[1])
    assert (ids[0] == ids[1]) is same


def test_the_idle_end_never_lies_behind_the_absolute_end() -> None:
    family = open_family()[0]
    assert idle_end(family, POLICY) == NOW + POLICY.idle * SECOND
    late = msgspec.structs.replace(family, turned_at=family.expires_at - 1)
    assert idle_end(late, POLICY) == family.expires_at


def test_the_ratchet_reads_no_clock_no_chance_and_no_file() -> None:
    """Its imports are the standard library's hashing and our own pure modules, nothing else."""
    source = Path(ratchet.__file__).read_text()
    imported: set[str | None] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"open", "print", "input", "eval", "exec", "__import__"}
    assert imported == {
        "hashlib",
        "hmac",
        "enum",
        "typing",
        "msgspec",
        "moneyer.protocol",
        "moneyer.protocol.clock",
        "moneyer.protocol.failures",
        "moneyer.protocol.identifiers",
        "moneyer.protocol.scopes",
    }
