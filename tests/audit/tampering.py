"""Ways to tamper with the trail as the owner of the database, each with its own dice."""

import random
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub_api.audit.chain import EVENT_AS_TEXT, START, mac_of
from hub_api.data_keys import Ring

Dice = random.Random

DROP_CONSTRAINTS = """
    alter table audit_seals drop constraint fk_audit_seals_event_id,
        drop constraint uq_audit_seal_event, drop constraint pk_audit_seals
"""
"""What an owner who tampers would do first, and put back afterwards."""

EDITS = {
    "id": "gen_random_uuid()",
    "xid": "xid + 1",
    "at": "at + interval '1 microsecond'",
    "actor_id": "gen_random_uuid()",
    "action": "action || ' '",
    "outcome": "case outcome when 'done' then 'refused' else 'done' end",
    "subject_id": "null",
    "constellation_id": "case when constellation_id is null then gen_random_uuid() end",
    "request_id": "upper(request_id || 'x')",
    "changed": "array_append(changed, 'state')",
    "hidden_from": "array_append(hidden_from, gen_random_uuid())",
}
SEAL_EDITS = {
    "mac": "sha256(mac)",
    "sealed_at": "sealed_at - interval '1 second'",
    "key_id": "key_id + 1",
    "seq": "seq + 100000",
    "xid": "xid - 1",
    "event_id": "gen_random_uuid()",
}


class Owner:
    """The tampering owner: a connection in a transaction that is rolled back afterwards."""

    def __init__(self, connection: sa.Connection, length: int, ring: Ring) -> None:
        self.connection = connection
        self.length = length
        self.ring = ring

    def run(self, statement: str, **values: Any) -> Any:
        return self.connection.execute(sa.text(statement), values)

    def rewrite(self, key: bytes) -> None:
        """Seal every event that is there anew with a key, as if it had always been so."""
        before = self.run("select key_id, sealed_at from audit_seals order by seq").first()
        events = self.run(f"select {EVENT_AS_TEXT} from audit_events e order by e.xid, e.id").all()
        moment = "select trim_scale(extract(epoch from cast(:at as timestamptz)) * 1000000)::text"
        sealed_at = self.run(moment, at=before.sealed_at).scalar()
        mac, macs = START, []
        for seq, event in enumerate(events, 1):
            mac = mac_of(
                key, mac, seq=seq, key_id=before.key_id, sealed_at=sealed_at, event=tuple(event)
            )
            macs.append(mac)
        self.run("delete from audit_seals")
        self.run(
            """insert into audit_seals (seq, event_id, xid, key_id, mac, sealed_at)
               select * from unnest(cast(:seqs as bigint[]), cast(:ids as uuid[]),
                 cast(:xids as bigint[]), cast(:key_ids as smallint[]), cast(:macs as bytea[]),
                 cast(:ats as timestamptz[]))""",
            seqs=[*range(1, len(events) + 1)],
            ids=[event.id for event in events],
            xids=[int(event.xid) for event in events],
            key_ids=[before.key_id] * len(events),
            macs=macs,
            ats=[before.sealed_at] * len(events),
        )


def event_at(seq: str) -> str:
    return f"(select event_id from audit_seals where seq = {seq})"


def edit(owner: Owner, dice: Dice) -> None:
    column = dice.choice([*EDITS])
    seq = dice.randint(1, owner.length)
    owner.run(
        f"update audit_events set {column} = {EDITS[column]} where id = {event_at(':seq')}", seq=seq
    )


def edit_a_seal(owner: Owner, dice: Dice) -> None:
    column = dice.choice([*SEAL_EDITS])
    statement = f"update audit_seals set {column} = {SEAL_EDITS[column]} where seq = :seq"
    owner.run(statement, seq=dice.randint(1, owner.length))


def delete(owner: Owner, dice: Dice) -> None:
    seq = dice.randint(1, owner.length)
    what = dice.choice(["event", "seal", "both", "both, and the rest moved up"])
    if what != "seal":
        owner.run(f"delete from audit_events where id = {event_at(':seq')}", seq=seq)
    if what != "event":
        owner.run("delete from audit_seals where seq = :seq", seq=seq)
    if what.endswith("moved up"):
        owner.run("update audit_seals set seq = seq - 1 where seq > :seq", seq=seq)


INSERT = """
    insert into audit_events (id, at, action, outcome, request_id, changed, xid)
    select cast(:id as uuid), {at}, action, outcome, request_id, changed, {xid}
      from audit_events where id = (select event_id from audit_seals where seq = :seq)
"""


def insert(owner: Owner, dice: Dice) -> None:
    """Among sealed ones, or after them with a time or a transaction that can't be."""
    later = "xid + 100000000"
    now = "(pg_current_xact_id()::text)::bigint"
    at, xid = dice.choice(
        [
            ("at", "xid"),
            ("at", "xid - 1"),
            ("now()", "xid"),
            ("now() - interval '3 days'", now),
            ("now() + interval '1 day'", now),
            ("'infinity'", now),
            ("now()", later),
        ]
    )
    # An id of this millisecond sorts behind the ids of its forged transaction, so not by the last.
    seq = dice.randint(1, owner.length - 3)
    owner.run(INSERT.format(at=at, xid=xid), id=uuid7(), seq=seq)


def reorder(owner: Owner, dice: Dice) -> None:
    """Turn a stretch of seals round, or deal it out anew."""
    first = dice.randint(1, owner.length - 4)
    seqs = [*range(first, min(first + dice.randint(3, 12), owner.length + 1))]
    dealt = seqs[::-1] if dice.random() < 0.5 else dice.sample(seqs, len(seqs))
    if dealt == seqs:
        dealt = seqs[1:] + seqs[:1]
    owner.run(
        """update audit_seals s set seq = t.dealt
             from unnest(cast(:seqs as bigint[]), cast(:dealt as bigint[])) as t(seq, dealt)
            where s.seq = t.seq""",
        seqs=seqs,
        dealt=dealt,
    )


def cut_tail(owner: Owner, dice: Dice) -> None:
    """The newest seals with their events, at times all of them, or with their events left."""
    kept = dice.choice([0, owner.length - 1, dice.randint(1, owner.length - 1)])
    if dice.random() < 0.7:
        owner.run(
            """delete from audit_events
                where id in (select event_id from audit_seals where seq > :kept)""",
            kept=kept,
        )
    owner.run("delete from audit_seals where seq > :kept", kept=kept)


def swap(owner: Owner, dice: Dice) -> None:
    """Two events change places, or what they tell, or the seals theirs."""
    one, two = dice.sample(range(1, owner.length + 1), 2)
    swap_columns = dice.choice(["seq", "mac", "event_id, xid", "contents"])
    if swap_columns == "contents":
        owner.run(
            f"""update audit_events e set subject_id = o.subject_id, at = o.at
                 from audit_events o
                where (e.id = {event_at(":one")} and o.id = {event_at(":two")})
                   or (e.id = {event_at(":two")} and o.id = {event_at(":one")})""",
            one=one,
            two=two,
        )
        return
    sets = ", ".join(f"{column} = o.{column}" for column in swap_columns.split(", "))
    owner.run(
        f"""update audit_seals s set {sets} from audit_seals o
             where (s.seq = :one and o.seq = :two) or (s.seq = :two and o.seq = :one)""",
        one=one,
        two=two,
    )


def change_history(owner: Owner, dice: Dice) -> None:
    seq = dice.randint(1, owner.length)
    if dice.random() < 0.5:
        owner.run(f"update audit_events set actor_id = null where id = {event_at(':s')}", s=seq)
    else:
        owner.run(f"delete from audit_events where id = {event_at(':s')}", s=seq)


def rewrite_with_another_key(owner: Owner, dice: Dice) -> None:
    change_history(owner, dice)
    owner.rewrite(dice.randbytes(32))


def rewrite_with_the_key(owner: Owner, dice: Dice) -> None:
    change_history(owner, dice)
    owner.rewrite(owner.ring.key(owner.ring.current_id))


KINDS: list[Callable[[Owner, Dice], None]] = [
    edit,
    edit_a_seal,
    delete,
    insert,
    reorder,
    cut_tail,
    swap,
    rewrite_with_another_key,
    rewrite_with_the_key,
]
