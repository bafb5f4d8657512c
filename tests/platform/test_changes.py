"""What slices announce, and who hears it."""

import importlib
import inspect
import pkgutil
import subprocess
import sys
from dataclasses import dataclass

import pytest

import hub_api
from hub_api import changes, guards


@dataclass(frozen=True)
class SomethingNew:
    """A change that no slice listens to."""


def kinds():
    """Every change that a slice may announce."""
    for found in pkgutil.walk_packages(hub_api.__path__, "hub_api."):
        if found.name.endswith(".changes") and found.name != "hub_api.changes":
            module = importlib.import_module(found.name)
            for _, kind in inspect.getmembers(module, inspect.isclass):
                if kind.__module__ == found.name:
                    yield kind


@pytest.mark.parametrize("kind", [*kinds()], ids=lambda kind: kind.__name__)
def test_every_change_has_somebody_who_may_refuse_it(kind):
    assert guards
    assert changes._listeners[kind]


def test_a_change_that_nobody_hears_of_is_not_made():
    with pytest.raises(RuntimeError, match="SomethingNew"):
        changes.announce(SomethingNew())


@pytest.mark.parametrize("program", ["hub_api.worker", "hub_api.guards"])
def test_whoever_may_announce_has_the_listeners(program):
    """In a process of its own: this one has them from the app."""
    code = f"import {program}; from hub_api import changes; assert len(changes._listeners) > 8"
    subprocess.run([sys.executable, "-c", code], check=True)
