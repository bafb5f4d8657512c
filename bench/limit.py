"""The raw limit: the same three answers by plain WSGI, psycopg and orjson, and nothing else.

It checks the same token and session, counts a change against the same throttle, sets the same scope
and reads the same rows, so that what the hub costs above it is the price of its framework.
`bench/requests.py` prints the two side by side.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import jwt
import orjson
import psycopg
from uuid_utils.compat import uuid7

from hub_api import clock, db
from hub_api.tokens import AUDIENCE, ISSUER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hub_api.token_keys import TokenKeys

ACTOR = """
    select g.role, coalesce(g.constellation_id, m.constellation_id, every.id), g.household_id
      from sessions s
      join accounts a on a.id = s.account_id and a.is_active
      left join role_grants g on g.account_id = a.id
       and g.starts_on <= %(today)s and (g.ends_on is null or g.ends_on > %(today)s)
      left join memberships m on m.household_id = g.household_id
       and m.starts_on <= %(today)s and (m.ends_on is null or m.ends_on > %(today)s)
      left join lateral every_constellation_id() as every(id) on g.role = 'programme_manager'
     where s.id = %(session)s and a.id = %(account)s
       and s.ended_at is null and s.expires_at > %(now)s"""
SCOPE = "select set_config('hub.account', %s, true), set_config('hub.constellations', %s, true)"
STAYS = """
    select s.id, s.version, s.constellation_id, s.household_id, s.hub_home_id, s.request_id,
           s.state, s.arrives_at, s.departs_at, s.confirmed_at, s.cancelled_at, s.cancel_reason,
           (select json_build_object('id', c.id, 'first_name', c.first_name,
              'age', date_part('year', age(%(today)s, c.born_on))::int, 'gender', c.gender)
              from children c where c.id = s.child_id)::text,
           (select coalesce(json_agg(json_build_object('night', n.night, 'bed_id', n.bed_id)
              order by n.night), '[]') from bed_nights n where n.sleepover_id = s.id)::text
      from sleepovers s
     where (s.household_id = any (%(households)s) or s.constellation_id = any (%(oversees)s))"""
STAY_COLUMNS = (
    "id", "version", "constellation_id", "household_id", "hub_home_id", "request_id", "state",
    "arrives_at", "departs_at", "confirmed_at", "cancelled_at", "cancel_reason", "child",
    "bed_nights",
)  # fmt: skip
TAKE = """
    insert into throttles as t (key, empty_at) values (%(key)s, %(now)s + '1 s'::interval)
    on conflict (key) do update set empty_at = greatest(t.empty_at, %(now)s) + '1 ms'::interval
     where greatest(t.empty_at, %(now)s) + '1 ms'::interval <= %(now)s + '300 s'::interval
    returning empty_at"""
CHECKS = """
    select h.constellation_id, a.hub_home_id,
           (select count(*) from children c where c.household_id = h.id and c.id = any (%s))
      from households h join hub_appointments a on a.constellation_id = h.constellation_id
       and a.starts_on <= %s and (a.ends_on is null or a.ends_on > %s)
     where h.id = %s and h.id = any (%s)"""
INSERT = """
    insert into respite_requests (id, version, constellation_id, household_id, hub_home_id,
      asked_by, state, kind, reason, arrives_at, departs_at, nights, created_at)
    values (%s, 1, %s, %s, %s, %s, 'draft', %s, %s, %s, %s, %s, %s)"""
INSERT_CHILD = "insert into requested_children values (%s, %s, %s)"
AUDIT = """
    insert into audit_events (id, at, actor_id, action, outcome, subject_id, constellation_id,
      request_id, changed)
    values (%s, %s, %s, 'respite_request:create', 'done', %s, %s, '', '{state}')"""


class Limit:
    """A WSGI app of one connection: list sleepovers, get one, save a draft."""

    def __init__(self, url: str, keys: TokenKeys) -> None:
        self._keys = keys
        self.connection = psycopg.connect(url, options=db.CONNECTION_OPTIONS)
        self.connection.prepare_threshold = 2

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        scope = self._actor(environ["HTTP_AUTHORIZATION"].removeprefix("Bearer "))
        if environ["REQUEST_METHOD"] == "POST":
            body = self._create(scope, orjson.loads(environ["wsgi.input"].read()))
        elif environ["PATH_INFO"] == "/api/v1/sleepovers":
            body = self._list(scope)
        else:
            body = self._one(scope, UUID(environ["PATH_INFO"].rpartition("/")[2]))
        self.connection.commit()
        start("200 OK", [("Content-Type", "application/json")])
        return [body]

    def _actor(self, token: str) -> dict[str, Any]:
        kid = jwt.get_unverified_header(token)["kid"]
        key = self._keys.verifying_key(kid)
        claims = jwt.decode(token, key, algorithms=["ES256"], audience=AUDIENCE, issuer=ISSUER)
        scope = {
            "account": UUID(claims["sub"]), "session": UUID(claims["sid"]),
            "today": clock.london_today(), "now": clock.now(),
        }  # fmt: skip
        grants = self.connection.execute(ACTOR, scope).fetchall()
        constellations = {place for _, place, _ in grants if place}
        scope["oversees"] = [place for role, place, _ in grants if role != "satellite_carer"]
        scope["households"] = [home for _, _, home in grants if home]
        scope["shown"] = (claims["sub"], "{" + ",".join(map(str, constellations)) + "}")
        return scope

    def _list(self, scope: dict[str, Any]) -> bytes:
        self.connection.execute(SCOPE, scope["shown"])
        found = self.connection.execute(f"{STAYS} order by s.id desc limit 51", scope).fetchall()
        return orjson.dumps({"items": [_stay(row) for row in found[:50]]})

    def _one(self, scope: dict[str, Any], stay_id: UUID) -> bytes:
        self.connection.execute(SCOPE, scope["shown"])
        found = self.connection.execute(f"{STAYS} and s.id = %(id)s", {**scope, "id": stay_id})
        row = found.fetchone()
        assert row is not None
        return orjson.dumps(_stay(row))

    def _create(self, scope: dict[str, Any], body: dict[str, Any]) -> bytes:
        execute, now = self.connection.execute, scope["now"]
        taken = execute(TAKE, {"key": scope["account"].bytes, "now": now}).fetchone()
        self.connection.commit()
        assert taken is not None
        execute(SCOPE, scope["shown"])
        nights = [datetime.fromisoformat(body["arrives_at"]).date()]
        children = [UUID(child) for child in body["children"]]
        household = UUID(body["household_id"])
        checks = (children, nights[0], nights[0], household, scope["households"])
        row = execute(CHECKS, checks).fetchone()
        assert row is not None
        assert row[2] == len(children)
        request_id, constellation_id = uuid7(), row[0]
        values = (
            request_id, constellation_id, household, row[1], scope["account"], body["kind"],
            body["reason"], body["arrives_at"], body["departs_at"], nights, now,
        )  # fmt: skip
        execute(INSERT, values)
        for child in children:
            execute(INSERT_CHILD, (request_id, child, constellation_id))
        execute(AUDIT, (uuid7(), now, scope["account"], request_id, constellation_id))
        return orjson.dumps({**body, "id": request_id, "nights": nights, "created_at": now})


def _stay(row: tuple[Any, ...]) -> dict[str, Any]:
    stay = dict(zip(STAY_COLUMNS, row, strict=True))
    stay["child"] = orjson.Fragment(stay["child"])
    stay["bed_nights"] = orjson.Fragment(stay["bed_nights"])
    return stay
