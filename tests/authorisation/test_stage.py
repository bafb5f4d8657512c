"""What the stage promises the table: the API's own sight, and every write seen and undone."""

import pytest

from tests.authorisation.stage import BOTH_WALLS, FIRST_WALL_ALONE


def ask(stage):
    return stage.ask("carer", "POST", "/respite-requests", stage.world.ask_body("H"))


class TestTheStage:
    def test_sees_what_is_written_and_undoes_it(self, stage):
        before = stage.everything()
        answer = ask(stage)
        assert answer.status == 201
        assert any(answer.json["id"] in row for row in answer.saved)
        assert stage.everything() == before

    def test_sees_what_is_taken_away(self, stage):
        path = f"/sleepovers/{stage.world.objects['sleepover']['H']}/cancel"
        answer = stage.ask("carer", "POST", path, {"reason": "child_unwell"}, If_Match='"1"')
        assert "gone public.bed_nights" in answer.saved

    def test_starts_every_request_from_the_same_world(self, stage):
        assert {ask(stage).status for _ in range(3)} == {201}

    def test_counts_the_note_of_a_refusal_as_nothing_saved(self, stage):
        answer = stage.ask("hub", "POST", "/respite-requests", stage.world.ask_body("H"))
        assert (answer.status, answer.saved) == (403, [])

    @pytest.mark.parametrize(("role", "seen"), [(BOTH_WALLS, 0), (FIRST_WALL_ALONE, 10)])
    def test_answers_below_the_policies_or_above_them(self, stage, role, seen):
        with stage.undone():
            stage.execute(f"set local role {role}")
            assert stage.execute("select current_user").scalar() == role
            assert stage.execute("select count(*) from households").scalar() == seen
