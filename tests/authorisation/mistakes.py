"""Mistakes in authorisation, each made on purpose in the running code.

A function is made wrong in its source and given the new code in place, so that everybody who holds
it is wrong with it. A mistake whose place in the source is gone is an error, never a pass.
"""

import inspect
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import pytest

from hub_api import access, openapi
from hub_api.access import Permission, Role
from hub_api.accounts import queries
from hub_api.api import Parser
from tests.authorisation.stage import Stage

Break = Callable[[Stage, pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Seed:
    """One mistake, and the lines of the table that must notice it."""

    name: str
    make: Break
    lines: tuple[str, ...]
    look: str = "policies"
    """Where it shows: in the table under the `policies` alone or under `both` walls, in the `ids`
    or the `unknown` names of a body, or through the `second wall`."""


def source(where: str, old: str, new: str) -> Break:
    """Exchange one piece of a function's source. `where` is `module:function`."""
    module_name, _, path = where.partition(":")

    def make(_stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        module = import_module(f"hub_api.{module_name}")
        function: Any = module
        for name in path.split("."):
            function = getattr(function, name)
        text = textwrap.dedent(inspect.getsource(function))
        assert text.count(old) == 1, f"{where} no longer has exactly one: {old}"
        made: dict[str, Any] = {}
        wrong = compile(
            f"from __future__ import annotations\n{text.replace(old, new)}", where, "exec"
        )
        exec(wrong, vars(module), made)  # noqa: S102 - our own source, a word exchanged
        monkeypatch.setattr(function, "__code__", made[function.__name__].__code__)

    return make


def both(first: Break, second: Break) -> Break:
    """One mistake made in two places."""

    def make(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        first(stage, monkeypatch)
        second(stage, monkeypatch)

    return make


def actor_query(*changes: tuple[str, str]) -> Break:
    """Exchange pieces of the statement that finds the actor."""

    def make(_stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        text = queries._ACTOR
        for old, new in changes:
            assert text.count(old) == 1, f"the actor query no longer has exactly one: {old}"
            text = text.replace(old, new)
        monkeypatch.setattr(queries, "_ACTOR", text)

    return make


def given(role: Role, *permissions: Permission) -> Break:
    """A role with more permissions than it should have."""

    def make(_stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        had = access.ROLE_PERMISSIONS[role]
        assert not had.issuperset(permissions)
        monkeypatch.setitem(access.ROLE_PERMISSIONS, role, had | {*permissions})

    return make


def denied(role: Role, permission: Permission) -> Break:
    """A role without a permission it should have."""

    def make(_stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        had = access.ROLE_PERMISSIONS[role]
        assert permission in had
        monkeypatch.setitem(access.ROLE_PERMISSIONS, role, had - {permission})

    return make


def everybody(permission: Permission) -> Break:
    """A permission that every live session carries."""

    def make(_stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(access, "EVERYBODY", access.EVERYBODY | {permission})

    return make


def allows(operation: str, permission: Permission | str) -> Break:
    """A route that asks for another permission, or for none."""

    def make(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        (view,) = (
            view
            for view in stage.app.view_functions.values()
            if openapi.marks(view).get("operation_id", openapi.operation_id(view)) == operation
            and hasattr(view, "hub_guard")
        )
        names = view.__code__.co_freevars
        (cell,) = (
            cell for name, cell in zip(names, view.__closure__, strict=True) if name == "permission"
        )
        assert cell.cell_contents != permission
        monkeypatch.setattr(cell, "cell_contents", permission)

    return make


def oversees(slice_: str, *roles: Role) -> Break:
    """A slice that takes other roles for those that oversee a constellation."""

    def make(_stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        policy = sys.modules[f"hub_api.{slice_}.policy"]
        assert policy.OVERSEEING is access.OVERSEEING
        monkeypatch.setattr(policy, "OVERSEEING", roles)

    return make


def ignores_unknown(location: str) -> Break:
    """A parser that drops what it doesn't know instead of refusing it."""

    def make(_stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        lenient = {**Parser.DEFAULT_UNKNOWN_BY_LOCATION, location: "exclude"}
        monkeypatch.setattr(Parser, "DEFAULT_UNKNOWN_BY_LOCATION", lenient)

    return make


def row_policy(statement: str) -> Break:
    """A row-level policy that was written wrongly. Undone with the transaction of the test."""

    def make(stage: Stage, _monkeypatch: pytest.MonkeyPatch) -> None:
        stage.execute(statement)

    return make
