"""Writing a pack and reading it: versions, completeness, medicines, and the record of it all."""

from datetime import timedelta

import pytest

from hub_api import clock, db
from hub_api.access import Role
from hub_api.packs import contents
from hub_api.packs.models import Section
from tests.factories.packs import make_pack, section_body
from tests.packs.conftest import reads

ALLERGIC = section_body("allergies", "Peanuts, even in traces.")


def put(phone, path, section, version=0, **changes):
    body = {**section_body(section), **changes}
    return phone.send("PUT", f"{path}/{section}", body, If_Match=f'"{version}"')


class TestWriting:
    def test_a_section_and_its_next_version(self, world, path, rows):
        first = put(world.carer, path, "allergies", text="Peanuts.")
        assert (first.status_code, first.json["version"]) == (200, 1)
        second = put(world.carer, path, "allergies", version=1, text="Peanuts and kiwi.")
        assert (second.json["version"], second.json["text"]) == (2, "Peanuts and kiwi.")
        pack = world.carer.get(path).json
        assert pack["sections"] == [second.json]
        kept = rows("select version, content from pack_sections order by version")
        assert [row.version for row in kept] == [1, 2]
        assert not any(b"Peanuts" in bytes(row.content) for row in kept)

    def test_from_what_somebody_else_has_changed_is_refused(self, world, path):
        assert put(world.carer, path, "diet").status_code == 200
        liaison = world.phone(world.here.liaison_worker)
        assert put(liaison, path, "diet", version=1).status_code == 200
        for version in (0, 1, 3):
            assert put(world.carer, path, "diet", version=version).status_code == 412
        assert world.carer.send("PUT", f"{path}/diet", ALLERGIC).status_code == 428

    def test_two_at_once_make_one_version(self, world, path, monkeypatch):
        """Both have seen the same; the key of a version tells the second."""
        from hub_api.packs import writing

        assert put(world.carer, path, "diet").status_code == 200
        monkeypatch.setattr(writing, "_refuse_stale", lambda *_: None)
        late = put(world.carer, path, "diet", version=0)
        assert (late.status_code, late.json["code"]) == (409, "written_meanwhile")

    def test_what_does_not_fit_is_named(self, world, path):
        answer = put(world.carer, path, "pets", chosen=["makaton"])
        assert (answer.status_code, set(answer.json["errors"])) == (422, {"chosen"})
        assert world.carer.get(path).json["sections"] == []

    def test_confirming_keeps_the_words_and_says_when(self, world, owner, path, child):
        long_ago = clock.london_today() - timedelta(days=400)
        with db.transaction(owner):
            make_pack(child, world.here.family.carer, confirmed_on=long_ago)
        before = world.carer.get(path).json
        assert before["to_confirm"] == [str(section) for section in Section]
        old = next(s for s in before["sections"] if s["section"] == "health")
        assert old["is_to_confirm"]
        confirmed = world.carer.post(f"{path}/health/confirm", If_Match='"1"')
        assert confirmed.status_code == 200, confirmed.json
        after = world.carer.get(path).json
        assert "health" not in after["to_confirm"]
        same = {"text", "chosen", "contacts", "says", "section"}
        assert {name: confirmed.json[name] for name in same} == {name: old[name] for name in same}
        assert confirmed.json["confirmed_on"] == str(clock.london_today())
        assert confirmed.json["version"] == 2
        again = world.carer.post(f"{path}/health/confirm", If_Match='"1"')
        assert again.status_code == 412

    def test_confirming_nothing_is_refused(self, world, path):
        answer = world.carer.post(f"{path}/health/confirm", If_Match='"0"')
        assert (answer.status_code, answer.json["code"]) == (409, "not_written")

    def test_confirming_twice_with_one_key_is_once(self, world, packed, path, rows):
        phone = world.carer
        first, second = (
            phone.post(f"{path}/diet/confirm", If_Match='"1"', Idempotency_Key="same-key")
            for _ in range(2)
        )
        assert (first.status_code, first.json) == (200, second.json)
        assert len(rows("select from pack_sections where section = 'diet'")) == 2
        assert packed

    def test_who_has_a_guest_only_reads(self, world, packed, path, grant):
        world.booked()
        grant(
            world.here.hub_carer,
            Role.SATELLITE_CARER,
            household_id=world.here.neighbours.id,
        )
        assert put(world.hub_carer, path, "diet", version=1).status_code == 403
        medicine = {"name": "Calpol", "dose": "5 ml", "as_needed": True}
        answer = world.hub_carer.post(f"/children/{packed}/medicines", medicine)
        assert answer.status_code == 403


class TestOlderVersions:
    def test_are_read_by_those_who_write_them_page_by_page(self, world, path, rows):
        written = [
            put(world.carer, path, "diet", version, text=f"Eats {version} apples.").json
            for version in range(3)
        ]
        put(world.carer, path, "health")
        liaison = world.phone(world.here.liaison_worker)
        assert liaison.get(f"{path}/diet/versions").json["items"] == written[::-1]
        first = world.carer.get(f"{path}/diet/versions?limit=2").json
        assert first["items"] == written[:0:-1]
        rest = world.carer.get(f"{path}/diet/versions?limit=2&cursor={first['next_cursor']}").json
        assert (rest["items"], rest["next_cursor"]) == (written[:1], None)
        assert len(reads(rows)) == 3

    def test_are_not_for_who_has_a_guest_nor_there_for_strangers(
        self, world, packed, path, grant, rows
    ):
        world.booked()
        assert world.hub_carer.get(f"{path}/diet/versions").status_code == 403
        # A satellite carer as well, of another family: still no writer of this pack.
        grant(world.here.hub_carer, Role.SATELLITE_CARER, household_id=world.here.neighbours.id)
        assert world.hub_carer.get(f"{path}/diet/versions").status_code == 403
        stranger = world.phone(world.here.neighbours.carer)
        assert stranger.get(f"{path}/diet/versions").status_code == 404
        assert reads(rows) == []
        assert packed

    def test_of_what_nobody_has_written_are_none(self, world, path, rows):
        assert world.carer.get(f"{path}/diet/versions").json["items"] == []
        assert world.carer.get(f"{path}/dinner/versions").status_code == 404
        assert len(reads(rows)) == 1


class TestCompleteness:
    def test_counts_what_is_there_and_what_is_right(self, world, path):
        phone = world.carer
        written = set()
        for section in Section:
            pack = phone.get(path).json
            assert pack["missing"][0] == section
            assert not pack["is_complete"]
            assert pack["has_minimum"] == written.issuperset(contents.MINIMUM)
            assert put(phone, path, section).status_code == 200
            written.add(section)
        pack = phone.get(path).json
        assert (pack["is_complete"], pack["missing"], pack["to_confirm"]) == (True, [], [])
        assert [section["section"] for section in pack["sections"]] == [str(s) for s in Section]

    @pytest.mark.parametrize(("days", "is_to_confirm"), [(180, False), (181, True)])
    def test_a_section_lasts_so_many_days(self, world, packed, path, change, days, is_to_confirm):
        confirmed_on = clock.london_today() - timedelta(days=days)
        change("update pack_sections set confirmed_on = :day", day=confirmed_on)
        pack = world.carer.get(path).json
        assert bool(pack["to_confirm"]) is is_to_confirm
        assert pack["is_complete"], "what is old is still better than nothing at night"
        assert pack["has_minimum"]
        assert packed


class TestMedicines:
    BODY = {  # noqa: RUF012 - read, never changed
        "name": "Ritalin",
        "dose": "10 mg",
        "instructions": "With breakfast.",
        "times_of_day": ["12:30", "08:00"],
        "is_controlled": True,
    }

    def test_are_part_of_the_pack(self, world, child, path, rows):
        made = world.carer.post(f"/children/{child}/medicines", self.BODY)
        assert made.status_code == 201, made.json
        assert made.json["times_of_day"] == ["08:00", "12:30"]
        assert world.carer.get(path).json["medicines"] == [made.json]
        (kept,) = rows("select details from medicines")
        assert b"Ritalin" not in bytes(kept.details)

    def test_end_on_a_day(self, world, child, path):
        phone, today = world.carer, clock.london_today()
        made = phone.post(f"/children/{child}/medicines", self.BODY).json
        end = f"/medicines/{made['id']}/end"
        yesterday, tomorrow = (str(today + timedelta(days=days)) for days in (-1, 1))
        refused = phone.post(end, {"ends_on": yesterday}, If_Match='"1"')
        assert (refused.status_code, refused.json["code"]) == (409, "in_the_past")
        ended = phone.post(end, {"ends_on": tomorrow}, If_Match='"1"')
        assert (ended.status_code, ended.json["ends_on"]) == (200, tomorrow)
        assert phone.post(end, {"ends_on": tomorrow}, If_Match='"1"').status_code == 412
        assert phone.get(path).json["medicines"] == [ended.json]

    @pytest.mark.parametrize("days", [0, 7])
    def test_written_down_wrongly_are_taken_back_at_once(self, world, child, path, days):
        """Before anybody gives them: they hold on no day, not even the one they were to start."""
        starts_on = clock.london_today() + timedelta(days)
        body = {**self.BODY, "starts_on": str(starts_on)}
        made = world.carer.post(f"/children/{child}/medicines", body).json
        end = f"/medicines/{made['id']}/end"
        before = {"ends_on": str(starts_on - timedelta(1))}
        refused = world.carer.post(end, before, If_Match='"1"')
        assert refused.json["code"] == ("ends_too_early" if days else "in_the_past")
        ended = world.carer.post(end, {"ends_on": str(starts_on)}, If_Match='"1"')
        assert (ended.status_code, ended.json["ends_on"]) == (200, str(starts_on))
        assert world.carer.get(path).json["medicines"] == []
        again = world.carer.post(end, {"ends_on": str(starts_on)}, If_Match='"2"')
        assert (again.status_code, again.json["code"]) == (409, "wrong_state")

    def test_that_have_ended_are_shown_no_more(self, world, child, path, change):
        phone, today = world.carer, clock.london_today()
        made = phone.post(f"/children/{child}/medicines", self.BODY).json
        change("update medicines set starts_on = :a, ends_on = :b", a=today - timedelta(9), b=today)
        assert phone.get(path).json["medicines"] == []
        end = f"/medicines/{made['id']}/end"
        again = phone.post(end, {"ends_on": str(today)}, If_Match='"1"')
        assert (again.status_code, again.json["code"]) == (409, "wrong_state")

    @pytest.mark.parametrize(
        "changes", [{"times_of_day": []}, {"as_needed": True}, {"times_of_day": ["25:00"]}]
    )
    def test_have_times_or_none(self, world, child, changes):
        answer = world.carer.post(f"/children/{child}/medicines", {**self.BODY, **changes})
        assert (answer.status_code, set(answer.json["errors"])) == (422, {"times_of_day"})


class TestTheRecord:
    def test_has_every_reading(self, world, packed, path, rows):
        world.booked()
        people = (world.here.family.carer, world.here.liaison_worker, world.here.hub_carer)
        for account_id in people:
            assert world.phone(account_id).get(path).status_code == 200
        found = reads(rows)
        assert [event.actor_id for event in found] == [*people]
        assert {(event.subject_id, event.constellation_id) for event in found} == {
            (packed, world.here.id)
        }

    def test_has_no_reading_of_a_pack_that_stayed_closed(self, world, packed, path, rows):
        assert world.hub_carer.get(path).status_code == 404
        assert reads(rows) == []
        assert packed

    @pytest.mark.usefixtures("packed")
    def test_that_can_not_be_written_keeps_the_pack_closed(self, world, path, change):
        headers = world.carer.headers
        change("revoke insert on audit_events from hub_api")
        try:
            answer = world.app.test_client().get(f"/api/v1{path}", headers=headers)
        finally:
            change("grant insert on audit_events to hub_api")
        assert answer.status_code == 500
        assert "Nothing much" not in answer.get_data(as_text=True)

    def test_says_who_wrote_which_section_and_no_word_of_it(self, world, path, rows):
        put(world.carer, path, "diet", text="Only beige food.")
        (event,) = reads(rows, "child:write_pack")
        assert (event.actor_id, event.changed) == (world.here.family.carer, ["diet"])
        assert "beige" not in str(event)


class TestVersions:
    def test_are_never_changed_by_the_api(self, rows):
        for right in ("update", "delete"):
            able = f"select has_any_column_privilege('hub_api', 'pack_sections', '{right}')"
            if right == "delete":
                able = "select has_table_privilege('hub_api', 'pack_sections', 'delete')"
            assert rows(able) == [(False,)]

    def test_move_with_their_child(self, world, packed, change, rows):
        change(
            "update children set constellation_id = :there where id = :child",
            there=world.elsewhere.id,
            child=packed,
        )
        places = rows("select distinct constellation_id from pack_sections")
        assert places == [(world.elsewhere.id,)]
