"""Addresses, headers and ids: what every request meets (bad input: test_bad_input.py)."""

import pytest

from hub_api import openapi
from tests.phone import contract


class TestOddRequests:
    @pytest.mark.parametrize(
        "path", ["/api/v1/nothing", "/api/v1/sleepovers/not-an-id", "//api//v1//me"]
    )
    def test_an_unknown_address_is_not_found(self, world, path):
        answer = world.app.test_client().get(path)
        assert (answer.status_code, answer.mimetype) == (404, openapi.PROBLEM_MEDIA_TYPE)

    def test_an_unknown_verb_says_which_there_are(self, world):
        answer = world.app.test_client().delete("/api/v1/me")
        assert (answer.status_code, answer.json["code"]) == (405, "method_not_allowed")
        assert "GET" in answer.headers["Allow"]


class TestHeaders:
    def test_are_safe_on_every_answer(self, world):
        for path in ("/me", "/nothing"):
            headers = world.carer.get(path).headers
            assert headers["Cache-Control"] == "no-store"
            assert headers["Content-Security-Policy"].startswith("default-src 'none'")
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert "Strict-Transport-Security" in headers

    def test_a_plain_request_id_comes_back_and_any_other_is_replaced(self, world):
        assert world.carer.get("/me", X_Request_ID="phone-12345").headers["X-Request-ID"] == (
            "phone-12345"
        )
        for odd in ("short", "a b c d e f g h", "x" * 65, "injected\u00e9id"):
            assert world.carer.get("/me", X_Request_ID=odd).headers["X-Request-ID"] != odd

    def test_a_read_that_shows_nothing_new_answers_304(self, world, owner):
        path, carer = f"/households/{world.here.family.id}", world.carer
        etag = carer.get(path).headers["ETag"]
        for tag in (etag, f"W/{etag}"):
            answer = carer.get(path, If_None_Match=tag)
            assert (answer.status_code, answer.data) == (304, b"")
        with owner.begin() as connection:
            connection.exec_driver_sql("update children set first_name = first_name || 'a'")
        assert carer.get(path, If_None_Match=etag).status_code == 200

    def test_a_read_takes_no_notice_of_if_match(self, world):
        path = f"/households/{world.here.family.id}"
        assert world.carer.get(path, If_Match='"9"').status_code == 200


class TestPages:
    def test_follow_one_another_by_key_to_the_end(self, world):
        for day in range(7, 12):
            world.asked(days=day)
        found, path = [], "/respite-requests?limit=2"
        while path:
            answer = world.carer.get(path)
            found += [item["id"] for item in answer.json["items"]]
            cursor = answer.json["next_cursor"]
            path = f"/respite-requests?limit=2&cursor={cursor}" if cursor else None
            assert answer.headers.get("Link") == (f'</api/v1{path}>; rel="next"' if path else None)
        assert found == sorted(found, reverse=True)
        assert len(set(found)) == 5


class TestTheDocument:
    def test_in_the_repository_is_fresh(self):
        from hub_api.cli import ROOT

        assert (ROOT / "openapi" / "hub.json").read_text() == openapi.document()

    def test_is_what_the_server_gives_out(self, world):
        assert world.app.test_client().get("/api/v1/openapi.json").json == contract()

    def test_names_and_sums_up_every_operation_with_its_errors(self):
        assert contract()["openapi"].startswith("3.1")
        ids = []
        for operations in contract()["paths"].values():
            for method, operation in operations.items():
                if method == "parameters":
                    continue
                ids.append(operation["operationId"])
                assert operation["summary"].endswith((".", "own."))
                if operation.get("security") != []:
                    assert {"401", "403"} <= set(operation["responses"])
        assert len(ids) == len(set(ids))
