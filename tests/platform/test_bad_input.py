"""Bad input: a documented refusal in plain words that names the field, and nothing left behind."""

import json

import pytest

from hub_api import openapi
from tests.conftest import changed
from tests.phone import hold_to_contract, in_days

ASK = "/api/v1/respite-requests"
LOG_IN = "/api/v1/auth/login"


DEEPEST = 20
"""Levels of lists and objects that a body may have (security.md, Edges)."""


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


def refused(answer, status, code, path=None, method="POST"):
    """Hold a refusal to the document and give it back."""
    assert (answer.status_code, answer.mimetype) == (status, openapi.PROBLEM_MEDIA_TYPE)
    assert (answer.json["status"], answer.json["code"]) == (status, code)
    assert answer.json["detail"].endswith(".")
    if path:
        hold_to_contract(method, path, answer)
    return answer.json


@pytest.fixture
def leaves_nothing(world, everything):
    """Send raw bytes as the carer, and see that every table is as it was."""
    phone = world.carer
    client = world.app.test_client()

    def send(path, data, status, code, *, content_type="application/json", headers=None):
        before = everything()
        answer = client.post(
            path, data=data, content_type=content_type, headers={**phone.headers, **(headers or {})}
        )
        found = refused(answer, status, code, path)
        assert changed(before, everything()) == set()
        return found

    return send


UNREADABLE = {
    "broken": "{",
    "cut short": '{"kind": "plan',
    "not a number": '{"draft": NaN}',
    "beyond any number": '{"draft": 1e400}',
    "an escaped half character": '{"reason": "\\ud800"}',
    "a raw half character": b'{"reason": "\xed\xa0\x80"}',
    "a raw NUL": '{"reason": "a\0b"}',
    "bad UTF-8": b'{"reason": "\xff\xfe"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": "{}".encode("utf-16"),
    "a comma too many": '{"draft": true,}',
    "two documents": "{}{}",
    "endless lists": "[" * 5_000,
    "deeper than the parser goes": nested(30_000),
}


class TestABody:
    @pytest.mark.parametrize("path", [ASK, LOG_IN])
    @pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
    def test_that_can_t_be_read_is_refused(self, leaves_nothing, path, body):
        assert "JSON" in leaves_nothing(path, body, 400, "bad_request")["detail"]

    @pytest.mark.parametrize(("path", "missed"), [(ASK, "arrives_at"), (LOG_IN, "password")])
    def test_that_is_empty_says_nothing_of_what_is_needed(self, leaves_nothing, path, missed):
        assert missed in leaves_nothing(path, "", 422, "invalid")["errors"]

    @pytest.mark.parametrize(
        "body",
        [json.dumps({"reason": "x" * 5_000_000}), nested(100_000), "x" * 65_537],
        ids=["5 MB", "100,000 deep", "a byte too long"],
    )
    def test_that_is_too_long_is_refused(self, leaves_nothing, body):
        leaves_nothing(ASK, body, 413, "too_large")

    @pytest.mark.parametrize(
        "content_type",
        ["application/x-www-form-urlencoded", "text/plain", "text/json", None, "multipart/mixed"],
    )
    def test_of_another_media_type_is_refused(self, leaves_nothing, world, content_type):
        body = json.dumps(world.ask_body())
        leaves_nothing(ASK, body, 415, "wrong_media_type", content_type=content_type)

    @pytest.mark.parametrize("body", ["5", "[]", "null", '"text"', "true", "1e300", nested(3)])
    def test_that_is_no_object_is_refused(self, leaves_nothing, body):
        found = leaves_nothing(ASK, body, 422, "invalid")
        assert found["errors"] == {"_schema": ["Please send an object."]}

    def test_of_twenty_levels_is_read_and_of_one_more_is_not(self, leaves_nothing):
        for levels in (1, DEEPEST - 1):
            body = f'{{"odd": {nested(levels)}}}'
            assert "odd" in leaves_nothing(ASK, body, 422, "invalid")["errors"]
        for opening, closing in ("[]", ('{"a":', "}")):
            inner = opening * (DEEPEST - 1) + "[]" + closing * (DEEPEST - 1)
            found = leaves_nothing(ASK, f'{{"odd": {inner}}}', 400, "too_deep")
            assert "20 levels" in found["detail"]

    def test_that_names_a_field_twice_means_the_last(self, world):
        """RFC 8259 leaves it open; the parsers of phones and ours all keep the last."""
        body = json.dumps(world.ask_body())[:-1] + ', "draft": "x", "draft": true}'
        answer = world.app.test_client().post(
            ASK, data=body, content_type="application/json", headers=world.carer.headers
        )
        assert (answer.status_code, answer.json["state"]) == (201, "draft")

    def test_of_an_operation_without_one_is_refused_only_when_it_must_be_kept(
        self, leaves_nothing, world
    ):
        path = f"/api/v1/respite-requests/{world.asked(draft=True)['id']}/submit"
        seen = {"If-Match": '"1"', "Idempotency-Key": "0123456789"}
        leaves_nothing(path, "x" * 5_000_000, 413, "too_large", headers=seen)


FIELDS = [
    ({"arrives_at": "9999-12-31T23:59:59Z"}, "arrives_at"),
    ({"arrives_at": "0001-01-01T00:00:00+14:00"}, "arrives_at"),
    ({"arrives_at": "2026-12-04T17:00:00Z\0"}, "arrives_at"),
    ({"arrives_at": 2.9}, "arrives_at"),
    ({"arrives_at": 10**300}, "arrives_at"),
    ({"draft": 2.9}, "draft"),
    ({"draft": 10**19}, "draft"),
    ({"kind": 2.9}, "kind"),
    ({"kind": "planned\0"}, "kind"),
    ({"reason": "\0"}, "reason"),
    ({"reason": {"$ne": None}}, "reason"),
    ({"children": 2.9}, "children"),
    ({"children": [[]]}, "children"),
    ({"children": None}, "children"),
    ({"household_id": "\0" * 36}, "household_id"),
    ({"unheard_of": 1}, "unheard_of"),
    ({"__class__": {}}, "__class__"),
    ({"": ""}, ""),
    ({"departs_at": in_days(-10)}, "departs_at"),
]


class TestAField:
    @pytest.mark.parametrize(("changes", "field"), FIELDS, ids=[str(c)[:50] for c, _ in FIELDS])
    def test_that_is_wrong_is_named(self, leaves_nothing, world, changes, field):
        body = json.dumps(world.ask_body(**changes))
        errors = leaves_nothing(ASK, body, 422, "invalid")["errors"]
        assert [*errors] == [field]
        assert all(sentence.endswith(".") for sentence in sentences(errors))

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"email": "a\0b@x", "password": "x"}, "email"),
            ({"email": "jo@test.example"}, "password"),
            ({"email": 5, "password": "x"}, "email"),
            ({"email": "a@b", "password": "x" * 60_000}, "password"),
            ({"email": "a@b", "password": ["x"]}, "password"),
        ],
    )
    def test_of_a_login_is_named(self, leaves_nothing, body, field):
        assert [*leaves_nothing(LOG_IN, json.dumps(body), 422, "invalid")["errors"]] == [field]


def sentences(errors):
    """Everything an `errors` member says, however deep."""
    if isinstance(errors, str):
        return [errors]
    inner = errors.values() if isinstance(errors, dict) else errors
    return [sentence for part in inner for sentence in sentences(part)]


class TestAQuery:
    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("limit=0", "limit"),
            ("limit=201", "limit"),
            ("limit=2.9", "limit"),
            ("limit=x", "limit"),
            ("limit=+5", "limit"),
            ("limit=\u0663", "limit"),
            ("limit=", "limit"),
            ("limit=%00", "limit"),
            (f"limit={'9' * 5_000}", "limit"),
            ("limit=5&limit=6", "limit"),
            ("cursor=nonsense", "cursor"),
            ("cursor=%00", "cursor"),
            ("cursor=%ED%A0%80", "cursor"),
            ("cursor=%FF", "cursor"),
            ("cursor=AAAAAAAAAAAAAAAAAAAAAB", "cursor"),
            ("page=2", "page"),
            ("limit%00=5", "limit\0"),
        ],
    )
    def test_that_is_wrong_is_refused_by_name(self, world, everything, query, field):
        phone = world.carer
        before = everything()
        answer = phone.get(f"/households?{query}")
        errors = refused(answer, 422, "invalid")["errors"]
        assert [*errors] == [field]
        assert all(sentence.endswith(".") for sentence in sentences(errors))
        assert changed(before, everything()) == set()


class TestAHeader:
    @pytest.mark.parametrize(
        ("headers", "status", "code"),
        [
            ({}, 428, "version_required"),
            ({"If-Match": ""}, 428, "version_required"),
            ({"If-Match": "*"}, 428, "version_required"),
            ({"If-Match": '"0"'}, 412, "changed_meanwhile"),
            ({"If-Match": "x"}, 412, "changed_meanwhile"),
            ({"If-Match": '"'}, 428, "version_required"),
            ({"If-Match": '"\u00e9"'}, 412, "changed_meanwhile"),
            ({"If-Match": '""'}, 412, "changed_meanwhile"),
            ({"If-Match": 'W/""'}, 412, "changed_meanwhile"),
            ({"If-Match": '"-1"'}, 412, "changed_meanwhile"),
            ({"If-Match": f'"{"9" * 5_000}"'}, 412, "changed_meanwhile"),
            ({"Idempotency-Key": "short", "If-Match": '"2"'}, 422, "malformed_key"),
            ({"Idempotency-Key": "x" * 101, "If-Match": '"2"'}, 422, "malformed_key"),
            ({"Idempotency-Key": "caf\u00e9-caf\u00e9", "If-Match": '"2"'}, 422, "malformed_key"),
        ],
    )
    def test_that_is_stale_or_malformed_decides_nothing(
        self, world, everything, headers, status, code
    ):
        path = f"/respite-requests/{world.asked()['id']}/accept"
        phone = world.hub_carer
        before = everything()
        answer = phone.send(
            "POST", path, **{name.replace("-", "_"): value for name, value in headers.items()}
        )
        refused(answer, status, code)
        assert changed(before, everything()) == set()

    def test_with_a_key_sent_before_with_another_body_does_nothing(self, world, everything):
        phone, key = world.carer, "11111111-2222-4333-8444-555555555555"
        assert phone.post(
            "/respite-requests", world.ask_body(), Idempotency_Key=key
        ).status_code == 201  # fmt: skip
        before = everything()
        other = phone.post("/respite-requests", world.ask_body(days=9), Idempotency_Key=key)
        refused(other, 422, "key_reused")
        assert changed(before, everything()) == set()

    @pytest.mark.parametrize(
        "login", ["Bearer \0", "Bearer \u00e9", "Bearer", "Basic eDp5", "Bearer " + "x." * 4_000]
    )
    def test_with_a_malformed_login_is_nobody_s(self, world, everything, login):
        before = everything()
        answer = world.app.test_client().get(
            "/api/v1/me", environ_overrides={"HTTP_AUTHORIZATION": login}
        )
        refused(answer, 401, "not_logged_in", "/api/v1/me", "GET")
        assert changed(before, everything()) == set()

    @pytest.mark.parametrize(
        "offered",
        ["abcdefgh\r\nSet-Cookie: a=b", "abcdefgh\n", "\nabcdefgh", "abcdefgh\0", '"},{"a":"b'],
    )
    def test_that_would_write_headers_or_logs_is_replaced(self, world, capsys, offered):
        phone = world.carer
        answer = world.app.test_client().get(
            "/api/v1/me", headers=phone.headers, environ_overrides={"HTTP_X_REQUEST_ID": offered}
        )
        given = answer.headers["X-Request-ID"]
        assert len(given) == 36
        assert "Set-Cookie" not in answer.headers
        assert offered not in capsys.readouterr().out

    def test_that_would_write_headers_is_not_kept_in_the_audit_trail(self, world, rows):
        answer = world.app.test_client().post(
            "/api/v1/auth/login",
            json={"email": "jo@test.example", "password": "x"},
            environ_overrides={"HTTP_X_REQUEST_ID": "abcdefgh\r\nX: y"},
        )
        refused(answer, 401, "wrong_login", LOG_IN)
        (audited,) = rows("select request_id from audit_events")
        assert audited.request_id == answer.headers["X-Request-ID"] == answer.json["instance"]


class TestABug:
    def test_answers_500_and_tells_nothing(self, world, monkeypatch, capsys):
        secret = "Amira was here"

        def broken(*_):
            raise RuntimeError(secret)

        monkeypatch.setattr("hub_api.notifications.service.inbox", broken)
        answer = world.app.test_client().get("/api/v1/notifications", headers=world.carer.headers)
        assert (answer.status_code, answer.json["code"]) == (500, "internal_error")
        assert secret not in answer.text + capsys.readouterr().out
