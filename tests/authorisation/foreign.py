"""What must not be seen of a constellation one has no part in; and taking the first wall away."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

import hub_api
from hub_api import access, models, reads
from hub_api.access import Actor, Permission
from tests.authorisation.matrix import OBJECTS
from tests.authorisation.stage import Stage

OUTSIDERS = {
    **dict.fromkeys(("carer", "next_door", "hub", "liaison"), "EX"),
    "hub_else": "CHN",
    **dict.fromkeys(("duty", "admin", "ended", "not_yet", "moved_away"), "CHNEX"),
}
"""The letters foreign to each. `manager`, `two` and `fosters` see both constellations by right."""

WORD_OF_THE_HUB = re.compile("[a-z_:]*")
"""A state, a kind, a reason: the same for everybody. Names are written otherwise."""


def foreign_objects(kind: str | None, who: str) -> list[str]:
    """The letters of the objects of a kind that are foreign to somebody; "" where it has none."""
    return [letter for letter in OBJECTS[kind] if letter in OUTSIDERS[who]] if kind else [""]


def marks(stage: Stage, who: str) -> set[str]:
    """Every value that stands in rows foreign to somebody and in no others."""
    world = stage.world
    places = {"EX": {world.elsewhere.id}, "CHN": {world.here.id}}.get(
        OUTSIDERS[who], {world.here.id, world.elsewhere.id}
    )
    rows = [row for table in models.Base.metadata.sorted_tables for row in _rows(stage, table)]
    inside = {row["id"] for row in rows if row.get("constellation_id") in places and "id" in row}
    people = {
        row["account_id"]
        for row in rows
        if {"role", "account_id"} <= row.keys()
        and (row["constellation_id"] in places or row["household_id"] in inside)
    }
    ids = places | inside | people - {world.people[who]}
    theirs, others = set(), set()
    for row in rows:
        (others if ids.isdisjoint(map(_hashable, row.values())) else theirs).update(_texts(row))
    return theirs - others


def _rows(stage: Stage, table: sa.Table) -> list[dict[str, Any]]:
    with stage.undone():
        return [dict(row) for row in stage.select(sa.select(table)).mappings()]


def _hashable(value: Any) -> Any:
    return value if isinstance(value, UUID) else None


def _texts(row: dict[str, Any]) -> Iterator[str]:
    for value in row.values():
        if isinstance(value, datetime):
            yield value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        elif isinstance(value, UUID) or (
            isinstance(value, str) and not WORD_OF_THE_HUB.fullmatch(value)
        ):
            yield str(value)


def conditions() -> Iterator[tuple[ModuleType, str, str]]:
    """Every function of a policy: its module, its name, and what it returns."""
    for found in pkgutil.walk_packages(hub_api.__path__, "hub_api."):
        if found.name.endswith(".policy"):
            module = importlib.import_module(found.name)
            for name, function in inspect.getmembers(module, inspect.isfunction):
                if function.__module__ == found.name:
                    yield module, name, str(inspect.signature(function).return_annotation)


def forget_policies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody may everything, and every row is for everybody."""
    for module, name, returns in conditions():
        # Accounts are outside the second wall: the actor must be found before anybody is known.
        if module.__name__ != "hub_api.accounts.policy":
            always = True if returns == "bool" else sa.true()
            monkeypatch.setattr(module, name, lambda *_, always=always: always)
    monkeypatch.setattr(Actor, "may", lambda _actor, _permission: True)

    def newest(_self: Any, key: Any, conditions: Any) -> sa.Select[Any]:
        rows = reads.parameter("rows", sa.Integer())
        return sa.select(key).where(*conditions).order_by(key.desc()).limit(rows)

    # The ways to an actor's rows lead to no others, whatever the policy says of them.
    monkeypatch.setattr(reads.FoundBy, "newest", newest)


def permit_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """The policies stand, and every role has every permission."""
    for role in access.ROLE_PERMISSIONS:
        monkeypatch.setitem(access.ROLE_PERMISSIONS, role, frozenset(Permission))
