"""A thousand ways to tamper with the trail, all found; and what is missed without an anchor."""

import random
from collections import Counter
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from hub_api.audit import anchor, verifying
from tests.audit import tampering
from tests.audit.conftest import record_some
from tests.audit.tampering import KINDS, Owner

LENGTH, TAMPERINGS, CLEAN = 120, 1000, 100


@pytest.fixture
def heads(app, seal_all, anchor_path):
    """The anchored heads of a chain of `LENGTH` events, sealed in several goes."""
    for _ in range(6):
        record_some(app.engine, LENGTH // 6)
        seal_all(batch=10)
    heads = anchor.read(anchor_path).heads
    assert max(heads) == LENGTH
    return heads


@pytest.fixture
def tampering_owner(heads, owner, ring):  # noqa: ARG001 - on that chain
    with owner.connect() as connection:
        connection.execute(sa.text(tampering.DROP_CONSTRAINTS))
        yield Owner(connection, LENGTH, ring)
        connection.rollback()


@contextmanager
def taken_back(connection):
    savepoint = connection.begin_nested()
    try:
        yield
    finally:
        savepoint.rollback()


def found_by(owner, heads):
    return verifying.examine(owner.connection, heads, owner.ring).problems


def test_a_thousand_tamperings_are_all_found(tampering_owner, heads):
    dice, missed, found = random.Random(20261122), [], Counter()
    for number in range(TAMPERINGS):
        kind = KINDS[number % len(KINDS)]
        with taken_back(tampering_owner.connection):
            kind(tampering_owner, dice)
            problems = found_by(tampering_owner, heads)
        found[kind.__name__] += bool(problems)
        if not problems:
            missed.append((number, kind.__name__))
    assert missed == []
    assert sum(found.values()) == TAMPERINGS
    assert len(found) == len(KINDS) >= 7


def test_an_untouched_chain_is_clean_every_time(tampering_owner, heads):
    for _ in range(CLEAN):
        report = verifying.examine(tampering_owner.connection, heads, tampering_owner.ring)
        assert (report.problems, report.verified, report.waiting) == ([], LENGTH, 0)


@pytest.mark.parametrize("kind", [tampering.cut_tail, tampering.rewrite_with_the_key])
def test_without_the_anchor_it_is_never_found(tampering_owner, kind):
    """The control: the chain alone can't tell, so it is the anchor that does."""
    dice = random.Random(7)
    for _ in range(50):
        with taken_back(tampering_owner.connection):
            kind(tampering_owner, dice)
            assert found_by(tampering_owner, {}) == []


def test_an_edit_of_any_column_is_found(tampering_owner, heads):
    for column, new in tampering.EDITS.items():
        statement = (
            f"update audit_events set {column} = {new} where id = {tampering.event_at(':seq')}"
        )
        for seq in (1, 60, LENGTH):
            with taken_back(tampering_owner.connection):
                assert tampering_owner.run(statement, seq=seq).rowcount == 1
                problems = found_by(tampering_owner, heads)
            kinds = {problem.kind for problem in problems}
            assert kinds & {"event_changed", "event_missing"}, (column, problems)
            assert str(seq) in problems[0].words


EVENT_41 = tampering.event_at("41")
TOLD = [
    ("delete from audit_seals where seq = 41", "seal_missing", "seal 41 is gone"),
    ("delete from audit_seals where seq in (41, 42)", "seal_missing", "seal 41 to 42 is gone"),
    (f"delete from audit_events where id = {EVENT_41}", "event_missing", "sealed as 41, is gone"),
    ("update audit_seals set mac = '' where seq = 41", "event_changed", "sealed as 41,"),
    ("update audit_seals set key_id = 7 where seq = 41", "key_unknown", "names key 7"),
    ("update audit_seals set seq = 0 where seq = 41", "seal_inserted", "there is a seal 0"),
    ("delete from audit_seals where seq > 99", "tail_cut", "ends at seal 99, but seal 120"),
    ("truncate audit_seals, audit_events cascade", "tail_cut", "ends at seal 0, but"),
    (
        f"update audit_events set at = 'infinity' where id = {EVENT_41}",
        "event_changed",
        "sealed as 41,",
    ),
]


def test_each_problem_says_what_and_where(tampering_owner, heads):
    for statement, kind, words in TOLD:
        with taken_back(tampering_owner.connection):
            tampering_owner.run(statement)
            problems = found_by(tampering_owner, heads)
        assert any(problem.kind == kind and words in problem.words for problem in problems), (
            problems
        )
        assert len(problems) <= verifying.MOST_REPORTED


def test_an_edited_anchor_is_found(tampering_owner, heads):
    for seq in heads:
        assert found_by(tampering_owner, {**heads, seq: bytes(31) + b"x"}) != []
