"""A stay begins with a whole pack, an emergency with the least that must be known."""

from datetime import timedelta

import pytest

from hub_api import clock, db
from hub_api.packs import contents
from hub_api.packs.models import Section
from hub_api.sleepovers import asked
from tests.factories.packs import make_pack, section_body
from tests.sleepovers.stays import act, arrival

ALL_BUT_PETS = [section for section in Section if section != Section.PETS]
ALL_BUT_CONTACTS = [section for section in Section if section != Section.CONTACTS]


@pytest.fixture
def written(world, owner, child):
    """Write these sections of the child's pack."""

    def write(sections, **changes):
        with db.transaction(owner):
            make_pack(child, world.here.family.carer, sections, **changes)

    return write


@pytest.fixture
def handed_over(world):
    """Book a stay, as an emergency if told so, and hand the child over when agreed."""

    def hand_over(monkeypatch=None):
        stay = world.booked()
        if monkeypatch is not None:
            monkeypatch.setattr(asked, "is_emergency", lambda _: True)
        return act(world, stay, "handover", at=arrival(stay))

    return hand_over


def pack_check(request):
    (check,) = (check for check in request["checks"] if check["code"] == "pack")
    return check["outcome"], check["sentence"]


class TestWhenItIsAskedFor:
    def test_a_whole_pack_passes(self, world, written):
        written(Section)
        assert pack_check(world.asked()) == ("pass", "The pack is complete.")

    def test_a_pack_that_lacks_something_is_a_warning(self, world, written):
        written(ALL_BUT_PETS)
        outcome, sentence = pack_check(world.asked())
        assert outcome == "warn"
        assert "isn't complete yet" in sentence

    def test_a_pack_long_unconfirmed_is_a_warning(self, world, written):
        written(Section, confirmed_on=clock.london_today() - timedelta(days=181))
        outcome, sentence = pack_check(world.asked())
        assert outcome == "warn"
        assert "a long time ago" in sentence
        assert "can begin all the same" in sentence


class TestAPlannedStay:
    def test_begins_with_a_whole_pack(self, written, handed_over):
        written(Section, confirmed_on=clock.london_today() - timedelta(days=400))
        assert handed_over().status_code == 200

    @pytest.mark.parametrize("sections", [[], contents.MINIMUM, ALL_BUT_PETS])
    def test_does_not_begin_without_it(self, written, handed_over, rows, sections):
        written(sections)
        answer = handed_over()
        assert (answer.status_code, answer.json["code"]) == (409, "pack_incomplete")
        assert rows("select state from sleepovers") == [("confirmed",)]


class TestAnEmergency:
    @pytest.mark.parametrize("sections", [[], ALL_BUT_CONTACTS])
    def test_does_not_begin_without_the_minimum(self, written, handed_over, monkeypatch, sections):
        written(sections)
        answer = handed_over(monkeypatch)
        assert (answer.status_code, answer.json["code"]) == (409, "minimum_pack_missing")

    def test_leaves_the_rest_to_be_written_within_a_day(
        self, world, written, handed_over, monkeypatch, rows, child, path
    ):
        written(ALL_BUT_PETS)
        assert handed_over(monkeypatch).status_code == 200
        (task,) = rows("select * from tasks")
        assert (task.kind, task.subject_id, task.state) == ("pack_due", child, "open")
        assert task.due_at - task.created_at == timedelta(days=1)
        body = section_body("pets")
        assert world.carer.send("PUT", f"{path}/pets", body, If_Match='"0"').status_code == 200
        assert rows("select state from tasks") == [("settled",)]

    def test_with_a_whole_pack_leaves_nothing(self, written, handed_over, monkeypatch, rows):
        written(Section)
        assert handed_over(monkeypatch).status_code == 200
        assert rows("select * from tasks") == []


def test_a_planned_request_is_no_emergency(world):
    stay = world.booked()
    with db.transaction(world.app.engine):
        db.set_scope(world.here.hub_carer, [world.here.id])
        assert not asked.is_emergency(stay["request_id"])
