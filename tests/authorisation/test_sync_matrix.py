"""What catching up brings everybody: the same objects as their lists, and nothing else."""

import pytest

from tests.authorisation.matrix import EVERYBODY, MOVED_AWAY
from tests.authorisation.stage import BOTH_WALLS, FIRST_WALL_ALONE
from tests.sync.phones import LISTS


def ids_of(items):
    return {item["id"] for item in items}


def listed(stage, who, path):
    answer = stage.ask(who, "GET", f"{path}{'&' if '?' in path else '?'}limit=200")
    return ids_of(answer.json["items"]) if answer.status == 200 else set()


@pytest.mark.parametrize(
    ("role", "who"),
    [
        (role, who)
        for role in (BOTH_WALLS, FIRST_WALL_ALONE)
        for who in EVERYBODY
        # Their household's rows are the second wall's.
        if (role, who) != (FIRST_WALL_ALONE, MOVED_AWAY)
    ],
)
class TestCatchingUp:
    def test_brings_what_the_lists_show(self, stage, who, role):
        with stage.answering_as(role):
            answer = stage.ask(who, "GET", "/sync?limit=500")
            if answer.status == 401:
                return
            assert not answer.json["more"]
            found = {kind: ids_of(rows) for kind, rows in answer.json["changed"].items()}
            wanted = {kind: listed(stage, who, path) for kind, path in LISTS.items()}
            states = ("open", "done", "settled")
            wanted["tasks"] = {
                id_ for s in states for id_ in listed(stage, who, f"/tasks?state={s}")
            }
            homes = wanted["households"]
            wanted["children"] = {
                id_ for home in homes for id_ in listed(stage, who, f"/households/{home}/children")
            }
            assert found == wanted
