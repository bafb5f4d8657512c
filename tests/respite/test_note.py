"""The note on a respite request: who reads it, where it never turns up, and when it is gone."""

from dataclasses import replace

import pytest

from hub_api import db
from hub_api.access import Role
from hub_api.households import service as households

NOTE = "Sleeps with the landing light on.\nDoesn't like being asked why."


def path_of(request):
    return f"/respite-requests/{request['id']}"


def without_contract(phone, path):
    """A look at something damaged: no operation promises a 500."""
    return phone.app.test_client().get(f"/api/v1{path}", headers=phone.headers)


@pytest.fixture
def erase(owner):
    """Erase what was written about a child; returns whether there was anything left to erase."""

    def run(child_id):
        with db.transaction(owner):
            return households.erase_texts(child_id)

    return run


class TestWhoReadsIt:
    def test_the_carer_who_wrote_it_in_every_answer(self, world):
        draft = world.asked(note=NOTE, draft=True)
        sent = world.carer.post_seen(path_of(draft), verb="submit").json
        accepted = world.hub_carer.post_seen(path_of(draft), verb="accept").json
        read = world.carer.get(path_of(draft)).json
        assert [found["note"] for found in (draft, sent, accepted, read)] == [NOTE] * 4

    def test_those_who_care_for_the_constellation(self, world, grant):
        request = world.asked(note=NOTE)
        grant(world.elsewhere.family.carer, Role.SATELLITE_CARER, household_id=world.here.family.id)
        for account in (
            world.here.hub_carer,
            world.here.liaison_worker,
            world.elsewhere.family.carer,
        ):
            assert world.phone(account).get(path_of(request)).json["note"] == NOTE

    def test_not_the_programme_manager(self, world):
        request = world.asked(note=NOTE)
        manager = world.phone(world.staff[Role.PROGRAMME_MANAGER])
        assert manager.get(path_of(request)).json["note"] is None
        assert manager.get(path_of(request)).json["id"] == request["id"]

    def test_a_hub_carer_reads_none_where_they_only_manage(self, world, grant):
        request = world.asked(note=NOTE)
        grant(world.elsewhere.hub_carer, Role.PROGRAMME_MANAGER)
        found = world.phone(world.elsewhere.hub_carer).get(path_of(request))
        assert (found.status_code, found.json["note"]) == (200, None)

    def test_nobody_in_a_list(self, world):
        world.asked(note=NOTE)
        for phone in (world.carer, world.hub_carer):
            (listed,) = phone.get("/respite-requests").json["items"]
            assert "note" not in listed

    def test_whoever_sends_the_request_a_second_time(self, world):
        body, key = world.ask_body(note=NOTE), "one-tap-or-two"
        first = world.carer.post("/respite-requests", body, Idempotency_Key=key)
        again = world.carer.post("/respite-requests", body, Idempotency_Key=key)
        assert first.json == again.json
        assert again.json["note"] == NOTE

    def test_a_cached_answer_ends_with_the_note(self, world, erase):
        """The ETag covers what is shown."""
        request = world.asked(note=NOTE)
        etag = world.carer.get(path_of(request)).headers["ETag"]
        assert world.carer.get(path_of(request), If_None_Match=etag).status_code == 304
        erase(world.here.family.children[0])
        assert world.carer.get(path_of(request), If_None_Match=etag).status_code == 200


class TestItsShape:
    @pytest.mark.parametrize(
        ("sent", "kept"),
        [
            (None, None),
            ("", None),
            (" \n\t ", None),
            ("  Hello \r\n\tthere.\n\n", "Hello \n\tthere."),
            ("👩‍👧 Łódź ’", "👩‍👧 Łódź ’"),  # noqa: RUF001 - as a phone writes it
            ("x" * 2000, "x" * 2000),
            (" " * 50 + "x" * 2000, "x" * 2000),
        ],
    )
    def test_is_a_few_lines_trimmed(self, world, sent, kept):
        request = world.asked(note=sent)
        assert world.hub_carer.get(path_of(request)).json["note"] == kept

    def test_may_be_left_out(self, world, rows):
        assert world.asked()["note"] is None
        assert rows("select note from respite_requests") == [(None,)]

    @pytest.mark.parametrize(
        "sent", ["x" * 2001, "NUL \0", "bell \a", "lone \r return", "escape \x1b[2J", "\x85", 5,
                 True, ["text"], {"text": "x"}],
    )  # fmt: skip
    def test_is_nothing_else(self, world, sent, rows):
        response = world.carer.post("/respite-requests", world.ask_body(note=sent))
        assert (response.status_code, [*response.json["errors"]]) == (422, ["note"])
        assert rows("select 1 from respite_requests") == []

    def test_is_never_half_a_character(self, world):
        body = b'{"note": "\\ud800"}'
        answer = world.app.test_client().post(
            "/api/v1/respite-requests",
            data=body,
            headers=world.carer.headers,
            content_type="application/json",
        )
        assert answer.status_code == 400


class TestNowhereElse:
    """A canary sought wherever it could have been left."""

    CANARY = "canary-4b1f sleepwalks"

    def everything(self, rows):
        tables = rows(
            "select schemaname, tablename from pg_tables where schemaname in ('public', 'jobs')"
        )
        held = [
            row.text for schema, table in tables
            for row in rows(f"select t::text as text from {schema}.{table} t")
        ]  # fmt: skip
        return "\n".join(held)

    def assert_absent(self, text):
        for form in (self.CANARY, self.CANARY.encode().hex(), "canary-4b1f"):
            assert form not in text

    def test_in_the_database_the_logs_or_the_audit_trail(self, world, rows, capfd):
        request = world.asked(note=self.CANARY)
        accepted = world.hub_carer.post_seen(
            path_of(request), verb="accept"
        )  # its job and notifications too
        assert accepted.json["note"] == self.CANARY
        world.carer.post(
            "/respite-requests",
            world.ask_body(days=20, note=self.CANARY),
            Idempotency_Key="the-canary-again",
        )
        held = self.everything(rows)
        assert request["id"] in held
        assert len(rows("select 1 from respite_requests where note is not null")) == 2
        assert rows("select 1 from idempotency_keys") != []
        self.assert_absent(held)
        logged = "".join(capfd.readouterr())
        assert "/respite-requests" in logged
        self.assert_absent(logged)

    def test_and_the_search_would_find_it(self, world, owner, rows):
        """The control: what is stored plainly, as text or as bytes, is found."""
        world.asked(note=self.CANARY)
        with owner.begin() as connection:
            for plain in (
                "update children set first_name = %s",
                "update respite_requests set note = %s",
            ):
                value = self.CANARY.encode() if "note" in plain else self.CANARY
                connection.exec_driver_sql(plain, (value,))
                found = connection.exec_driver_sql(
                    "select t::text from respite_requests t union all"
                    " select t::text from children t"
                )
                with pytest.raises(AssertionError):
                    self.assert_absent("\n".join(text for (text,) in found))
            connection.rollback()
        assert self.everything(rows) != ""

    @pytest.mark.parametrize("spoilt", [{"kind": "holiday"}, {"note": CANARY + "\0"}, {"x": 1},
                                        {"note": CANARY * 200}, {"children": []}])  # fmt: skip
    def test_in_a_refusal(self, world, spoilt, rows, capfd):
        body = {**world.ask_body(note=self.CANARY), **spoilt}
        refused = world.carer.post("/respite-requests", body, Idempotency_Key="refused-canary")
        assert refused.status_code == 422
        self.assert_absent(refused.get_data(as_text=True))
        self.assert_absent("".join(capfd.readouterr()))
        self.assert_absent(self.everything(rows))

    def test_in_a_failure(self, world, owner, capfd):
        """Damaged, the answer and the log say only that something went wrong."""
        request = world.asked(note=self.CANARY)
        with owner.begin() as connection:
            connection.exec_driver_sql("update respite_requests set note = note || '\\x00'::bytea")
        failed = without_contract(world.carer, path_of(request))
        assert (failed.status_code, failed.json["code"]) == (500, "internal_error")
        logged = "".join(capfd.readouterr())
        assert "Unreadable" in logged
        self.assert_absent(failed.get_data(as_text=True) + logged)


class TestErased:
    def test_it_is_null_for_ever_and_so_is_what_was_shared(self, world, erase):
        tyler, amira = map(str, world.here.family.children)
        alone = world.asked(note="about Tyler", children=[tyler])
        both = world.asked(days=20, note="about both", children=[amira, tyler])
        sister = world.asked(days=30, note="about Amira", children=[amira])
        family = replace(world, here=replace(world.here, family=world.here.neighbours))
        other = family.asked(days=40, note="about a neighbour")
        assert erase(world.here.family.children[0])
        found = {
            request["id"]: world.hub_carer.get(path_of(request)).json["note"]
            for request in (alone, both, sister, other)
        }
        assert [*found.values()] == [None, None, "about Amira", "about a neighbour"]

    def test_nothing_new_is_written_about_the_child(self, world, erase, rows):
        tyler, amira = map(str, world.here.family.children)
        erase(world.here.family.children[0])
        for children in ([tyler], [amira, tyler]):
            body = world.ask_body(note="more", children=children)
            refused = world.carer.post("/respite-requests", body)
            assert (refused.status_code, refused.json["code"]) == (409, "child_erased")
            tried = world.carer.post("/respite-requests?dry_run=true", body)
            assert (tried.status_code, tried.json["code"]) == (409, "child_erased")
        without = world.ask_body(children=[amira, tyler])
        assert world.carer.post("/respite-requests?dry_run=true", without).status_code == 200
        assert rows("select 1 from respite_requests") == []
        assert world.asked(children=[tyler])["note"] is None
        assert world.asked(children=[amira], days=20, note="fine")["note"] == "fine"

    def test_the_key_is_gone_and_the_erasure_recorded_once(self, world, erase, rows):
        child = world.here.family.children[0]
        assert [erase(child), erase(child)] == [True, False]
        (key,) = rows("select * from child_keys where child_id = :child", child=child)
        assert (key.wrapped_key, key.key_id) == (None, None)
        assert key.erased_at is not None
        (event,) = rows("select * from audit_events where action = 'child_key:erase'")
        assert (event.subject_id, event.constellation_id) == (child, world.here.id)
        assert (event.outcome, event.changed) == ("done", ["wrapped_key"])

    def test_a_child_without_a_key_yet_gets_none_afterwards(self, world, owner, erase, rows):
        child = world.here.family.children[0]
        with owner.begin() as connection:
            connection.exec_driver_sql("delete from child_keys where child_id = %s", (child,))
        assert erase(child)
        refused = world.carer.post("/respite-requests", world.ask_body(note="anything"))
        assert (refused.status_code, refused.json["code"]) == (409, "child_erased")
        (key,) = rows("select * from child_keys where child_id = :child", child=child)
        assert key.wrapped_key is None
