"""Every operation by every role on everybody's objects: the table against the running hub."""

import pytest

from hub_api.access import Role
from tests.authorisation.cells import (
    PLAYABLE,
    cells_of,
    complaint,
    id_cells_of,
    is_refused_at_the_door,
    kind_of,
    letters_of,
    properties,
    unknown_cells_of,
)
from tests.authorisation.exempt import ANYBODYS_IDS, TOGETHER, WHERE_TO
from tests.authorisation.matrix import (
    IDS_IN_BODIES,
    IDS_LIKE_THE_OBJECT,
    LINES,
    MOVED_AWAY,
    PEOPLE,
    operation_of,
)
from tests.authorisation.stage import FIRST_WALL_ALONE, operations

FEWEST_CELLS = 3000
NAMING = {**IDS_IN_BODIES, **IDS_LIKE_THE_OBJECT}


def complaints(stage, cells):
    return [found for cell in cells if (found := complaint(stage, cell))]


class TestTheTable:
    def test_has_a_line_for_every_operation(self):
        missing = set(operations()) - {operation_of(line) for line in LINES}
        assert not missing, f"add a line to table.py for {sorted(missing)}"

    def test_has_no_line_without_an_operation(self):
        gone = {line for line in LINES if operation_of(line) not in operations()}
        assert not gone, f"take {sorted(gone)} out of table.py"

    def test_has_a_column_for_every_role(self):
        missing = set(Role) - set().union(*PEOPLE.values())
        assert not missing, (
            f"add a column to PEOPLE in matrix.py and to table.py for {sorted(missing)}"
        )
        assert set(PEOPLE) == set(next(iter(LINES.values())))

    def test_knows_everybody_by_the_roles_they_hold(self, stage):
        for who, roles in PEOPLE.items():
            if roles:
                shown = stage.ask(who, "GET", "/me").json["roles"]
                assert (who, {grant["role"] for grant in shown}) == (who, roles)

    def test_knows_what_every_line_is_about(self, stage):
        for line in PLAYABLE:
            kind, path = kind_of(line), operations()[operation_of(line)].path
            assert kind or "{" not in path, f"add the id of {path} to BY_PATH in cells.py"
            assert set(letters_of(kind)) <= set(stage.world.objects.get(kind, [""])), line

    def test_knows_every_list(self, stage):
        lists = {operation.id for operation in operations().values() if operation.is_list}
        assert lists == set(stage.world.lists), "add it to LISTS in world.py"

    def test_knows_every_id_in_a_body(self):
        found = {
            (operation.id, name)
            for operation in operations().values()
            for name, shape in properties(operation).items()
            if "uuid" in {shape.get("format"), shape.get("items", {}).get("format")}
        }
        known = set(IDS_IN_BODIES) | set(IDS_LIKE_THE_OBJECT) | ANYBODYS_IDS | WHERE_TO
        known |= TOGETHER
        assert found == known, "add it to IDS_IN_BODIES in matrix.py"

    def test_has_so_many_cells(self):
        cells = [
            cell
            for line in PLAYABLE
            for cell in (*cells_of(line), *id_cells_of(line), *unknown_cells_of(line))
        ]
        assert len(cells) >= FEWEST_CELLS, len(cells)


class TestEveryCell:
    @pytest.mark.parametrize("line", PLAYABLE)
    def test_holds(self, stage, line):
        assert complaints(stage, cells_of(line)) == []

    @pytest.mark.parametrize("line", PLAYABLE)
    def test_holds_by_the_policies_alone(self, stage, line):
        """Whoever has moved away is left out: their household's rows are the second wall's. So is
        whoever is refused at the door: nobody asks the database for them."""
        cells = [
            cell
            for cell in cells_of(line)
            if cell.who != MOVED_AWAY and not is_refused_at_the_door(line, cell.who)
        ]
        with stage.answering_as(FIRST_WALL_ALONE):
            assert complaints(stage, cells) == []


class TestEveryProperty:
    @pytest.mark.parametrize("line", sorted({operation for operation, _ in NAMING}))
    def test_that_names_something_not_ones_own_is_refused(self, stage, line):
        assert complaints(stage, id_cells_of(line)) == []

    @pytest.mark.parametrize("line", [line for line in PLAYABLE if [*unknown_cells_of(line)]])
    def test_that_is_not_in_the_document_is_refused(self, stage, line):
        assert complaints(stage, unknown_cells_of(line)) == []
