"""Would the table notice? Each mistake is made once, and a cell must go red for it.

The control is test_matrix: without a mistake, the same cells are green.
"""

import itertools
from collections.abc import Iterator

import pytest

from tests.authorisation.cells import cells_of, complaint, id_cells_of, unknown_cells_of
from tests.authorisation.foreign import OUTSIDERS, forget_policies
from tests.authorisation.matrix import LINES, MOVED_AWAY
from tests.authorisation.mistakes import Seed
from tests.authorisation.seeds_of_access import (
    ACCESS,
    ACCOUNTS,
    MANAGING,
    ROUTES,
    SECOND_WALL,
)
from tests.authorisation.seeds_of_care import CARE
from tests.authorisation.seeds_of_concerns import CONCERNS
from tests.authorisation.seeds_of_emergencies import EMERGENCIES
from tests.authorisation.seeds_of_families import FAMILIES
from tests.authorisation.seeds_of_packs import PACKS
from tests.authorisation.seeds_of_places import RUNNING
from tests.authorisation.seeds_of_respite import RESPITE
from tests.authorisation.seeds_of_slices import PLACES, TELLING, WAITING
from tests.authorisation.seeds_of_stays import RUNNING_STAYS
from tests.authorisation.stage import BOTH_WALLS, FIRST_WALL_ALONE, Stage
from tests.authorisation.test_second_wall_matrix import leaks

SEEDS = [
    *ACCESS,
    *ROUTES,
    *ACCOUNTS,
    *MANAGING,
    *PLACES,
    *FAMILIES,
    *RUNNING,
    *RESPITE,
    *PACKS,
    *RUNNING_STAYS,
    *CARE,
    *EMERGENCIES,
    *TELLING,
    *WAITING,
    *CONCERNS,
    *SECOND_WALL,
]

CELLS = {
    "policies": cells_of,
    "both": cells_of,
    "ids": id_cells_of,
    "unknown": unknown_cells_of,
}


def found(stage: Stage, seed: Seed) -> Iterator[str]:
    """What the table says against the hub with a mistake in it, as it comes up."""
    if seed.look == "second wall":
        yield from itertools.chain.from_iterable(leaks(stage, who, "policies") for who in OUTSIDERS)
        return
    role = BOTH_WALLS if seed.look == "both" else FIRST_WALL_ALONE
    with stage.answering_as(role):
        for line in seed.lines:
            for cell in CELLS[seed.look](line):
                if role is BOTH_WALLS or cell.who != MOVED_AWAY:
                    complained = complaint(stage, cell)
                    if complained:
                        yield complained


class TestASeededBug:
    @pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.name)
    @pytest.mark.usefixtures("compiled_anew")
    def test_is_caught(self, stage, monkeypatch, seed):
        if seed.look == "second wall":
            forget_policies(monkeypatch)
        with stage.undone():
            seed.make(stage, monkeypatch)
            # A mistake that only breaks the hub would be noticed without a table.
            noticed = (said for said in found(stage, seed) if "got 500" not in said)
            assert next(noticed, None), f"nothing in {seed.lines} noticed"


class TestTheSeeds:
    def test_are_fifty_and_more(self):
        assert len(SEEDS) >= 50
        assert len({seed.name for seed in SEEDS}) == len(SEEDS)

    def test_look_at_lines_of_the_table(self):
        assert {line for seed in SEEDS for line in seed.lines} <= set(LINES)
