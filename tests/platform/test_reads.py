"""Every statement that reads is compiled from parts, and its parts must hang together."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

import hub_api
from hub_api import reads
from hub_api.tasks.models import Task


def statements() -> Iterator[tuple[str, reads.Query]]:
    """Every list, get and query of the slices, by where it stands."""
    for module in pkgutil.walk_packages(hub_api.__path__, "hub_api."):
        for name, value in vars(importlib.import_module(module.name)).items():
            at = f"{module.name}.{name}"
            if isinstance(value, reads.Read):
                yield f"{at} one", value._one
                yield f"{at} page", value._page(frozenset())
            elif isinstance(value, reads.Query):
                yield at, value


FOUND = dict(statements())


@pytest.mark.parametrize("where", sorted(FOUND))
def test_no_table_comes_in_unasked(where):
    """A select two levels inside another does not see its tables: SQLAlchemy adds them to its own,
    with a comma, and the condition that was to tie it to the row holds for every row there is."""
    text = str(FOUND[where].build().compile(dialect=postgresql.dialect()))
    assert re.findall(r"FROM \w+(?: AS \w+)?, ", text) == []


def test_a_list_that_grows_for_ever_is_newest_first():
    """Its pages are cut by key: in another order they would leave rows out."""
    found_by = reads.FoundBy([(Task.id, reads.ASKING.households(), sa.true())])
    with pytest.raises(ValueError, match="newest first"):
        reads.Read(lambda: sa.select(Task.id), Task.id, soonest=Task.due_at, found_by=found_by)


def test_there_are_statements():
    assert len(FOUND) > 40
