"""The table with the first wall taken away: row-level security alone shows nothing foreign."""

from collections.abc import Iterator

import pytest

from tests.authorisation.cells import PLAYABLE, Cell, kind_of, play
from tests.authorisation.exempt import BY_RIGHT, ONE_WALL
from tests.authorisation.foreign import (
    OUTSIDERS,
    conditions,
    foreign_objects,
    forget_policies,
    marks,
    permit_everything,
)
from tests.authorisation.matrix import operation_of
from tests.authorisation.stage import FIRST_WALL_ALONE, Stage, operations

GUARDED = [line for line in PLAYABLE if operation_of(line) not in ONE_WALL]
READS = [line for line in GUARDED if operations()[operation_of(line)].method == "GET"]

AWAY = {"policies": forget_policies, "permissions": permit_everything}
NOT_FOUND = {"policies": {404}, "permissions": {403, 404}}
"""What is answered of a foreign object: as if it did not exist, where permission is not asked."""


def foreign_cells(who: str) -> Iterator[Cell]:
    """Somebody doing everything to everything foreign to them."""
    for line in (line for line in GUARDED if (line, who) not in BY_RIGHT):
        for whose in foreign_objects(kind_of(line), who):
            yield Cell(line, who, whose, "404" if whose else "nothing foreign")


def leaks(stage: Stage, who: str, away: str) -> Iterator[str]:
    """The cells that show or save a value of a foreign row, or save anything at all."""
    hidden = marks(stage, who)
    for cell in foreign_cells(who):
        answer = play(stage, cell)
        told = "\n".join([answer.text, *answer.saved])
        shown = sorted(mark for mark in hidden if mark in told)[:3]
        if shown or answer.saved or (cell.whose and answer.status not in NOT_FOUND[away]):
            yield f"{cell}: got {answer.status}, shown {shown}, saved {answer.saved}"


@pytest.mark.usefixtures("compiled_anew")
@pytest.mark.parametrize("who", OUTSIDERS)
class TestWithTheFirstWallGone:
    @pytest.mark.parametrize("away", AWAY)
    def test_nothing_foreign_is_shown_or_saved(self, stage, monkeypatch, who, away):
        AWAY[away](monkeypatch)
        assert list(leaks(stage, who, away)) == []

    def test_there_was_something_to_hide(self, stage, monkeypatch, who):
        """The control: with both walls gone, every read shows it and every verb finds it."""
        hidden = marks(stage, who)
        assert len(hidden) > 50
        forget_policies(monkeypatch)
        with stage.answering_as(FIRST_WALL_ALONE):
            for cell in foreign_cells(who):
                answer = play(stage, cell)
                if cell.line in READS:
                    assert any(mark in answer.text for mark in hidden), str(cell)
                else:
                    assert answer.status != 404, str(cell)


@pytest.mark.usefixtures("compiled_anew")
class TestTakingItAway:
    def test_overlooks_no_condition(self):
        found = {(module.__name__.split(".")[1], name) for module, name, _ in conditions()}
        slices = "accounts", "constellations", "households", "notifications", "respite"
        assert found >= {(slice_, "visible_to") for slice_ in (*slices, "sleepovers", "tasks")}
        assert ("constellations", "beds_visible_to") in found
        returned = {returns for _, _, returns in conditions()}
        assert all(returns == "bool" or "ColumnElement" in returns for returns in returned)

    def test_leaves_ones_own_constellation_to_be_read(self, stage, monkeypatch):
        forget_policies(monkeypatch)
        for path in ("/households", "/respite-requests", "/sleepovers", "/constellations"):
            assert stage.ask("hub", "GET", path).json["items"] != []

    @pytest.mark.parametrize("who", ["duty", "admin"])
    def test_lists_nothing_at_all_for_staff_without_a_constellation(self, stage, monkeypatch, who):
        forget_policies(monkeypatch)
        for line in READS:
            operation = operations()[operation_of(line)]
            mine = line in {"listNotifications", "listDevices"} or (line, who) in BY_RIGHT
            if operation.is_list and "{" not in operation.path and not mine:
                assert stage.ask(who, "GET", operation.path).json["items"] == []

    def test_knows_which_operations_have_one_wall(self):
        assert set(operations()) >= ONE_WALL
