"""Registering a phone, whose it is, and what ends delivery to it."""

from datetime import timedelta
from threading import Thread

import pytest
import sqlalchemy as sa
import time_machine
from uuid_utils.compat import uuid4

from hub_api import clock, db
from hub_api.access import Role
from hub_api.notifications import devices
from hub_api.notifications.models import Device
from tests.factories.accounts import PASSWORD
from tests.factories.notifications import AUTH, P256DH, browser_body, make_device, phone_body
from tests.notifications.phones import listed, register
from tests.respite.test_races import all_at_once


@pytest.fixture
def live(owner):
    """The installations that are sent to now, or at some other time."""

    def find(at=None):
        condition = devices.is_live(at or clock.now())
        with owner.connect() as connection:
            return set(connection.scalars(sa.select(Device.installation_id).where(condition)))

    return find


class TestRegistering:
    def test_makes_a_phone_that_is_sent_to(self, world, live):
        phone = world.carer
        installation = register(phone, platform="ios", locale="cy-GB")
        (mine,) = listed(phone)
        assert mine["installation_id"] == installation
        assert (mine["kind"], mine["platform"], mine["locale"]) == ("fid", "ios", "cy-GB")
        assert mine["is_this_one"]
        assert live() == {installation}

    def test_says_to_nobody_where_it_is(self, world):
        phone, body = world.carer, phone_body()
        phone.send("PUT", f"/devices/{uuid4()}", body)
        assert body["address"] not in phone.get("/devices").text

    def test_again_proves_that_it_is_in_use(self, world, rows):
        phone, body, installation = world.carer, phone_body(), uuid4()
        with time_machine.travel(clock.now() - timedelta(minutes=5), tick=False):
            early = world.carer
            phone.headers = early.headers
            phone.send("PUT", f"/devices/{installation}", body)
        phone.send("PUT", f"/devices/{installation}", body)
        ((registered, proven),) = rows("select registered_at, proven_at from devices")
        assert proven - registered >= timedelta(minutes=5)

    def test_is_recorded_once_and_each_change_by_name(self, world, rows):
        phone, body, installation = world.carer, phone_body(), uuid4()
        for _ in range(2):
            phone.send("PUT", f"/devices/{installation}", body)
        phone.send("PUT", f"/devices/{installation}", {**body, "app_version": "1.5.0"})
        events = rows("select action, changed from audit_events where action like 'device:%'")
        assert [tuple(event) for event in events] == [
            ("device:register", []),
            ("device:change", ["app_version"]),
        ]

    def test_of_a_new_address_keeps_the_phone(self, world, rows):
        phone, installation = world.carer, uuid4()
        first, second = phone_body(), phone_body()
        for body in (first, second):
            assert phone.send("PUT", f"/devices/{installation}", body).status_code == 204
        found = rows("select address, dropped_at from devices")
        assert [tuple(row) for row in found] == [(second["address"], None)]

    def test_by_a_browser_keeps_what_seals_its_messages(self, world, rows):
        body = browser_body()
        assert world.carer.send("PUT", f"/devices/{uuid4()}", body).status_code == 204
        ((address, p256dh, auth),) = rows("select address, p256dh, auth from devices")
        assert (address, p256dh, auth) == (body["address"], P256DH, AUTH)

    def test_by_two_taps_at_once_is_one_phone(self, world, rows):
        phone, body, installation = world.carer, phone_body(), uuid4()
        answers = all_at_once(
            [lambda: phone.app.test_client().put(
                f"/api/v1/devices/{installation}", json=body, headers=phone.headers
            ).status_code for _ in range(8)]
        )  # fmt: skip
        assert set(answers) == {204}
        assert rows("select count(*) from devices") == [(1,)]

    def test_of_another_installation_leaves_the_one_before(self, world, live):
        """A login is on one phone: otherwise one account could have thousands sent to."""
        phone = world.carer
        register(phone)
        after = register(phone)
        assert live() == {after}
        (mine,) = listed(phone)
        assert mine["installation_id"] == after

    def test_needs_a_login(self, world):
        assert world.phone().send("PUT", f"/devices/{uuid4()}", phone_body()).status_code == 401


class TestWhoseItIs:
    def test_follows_the_login(self, world, live, rows):
        carer, neighbour = world.carer, world.phone(world.here.neighbours.carer)
        installation = register(carer)
        register(neighbour, installation)
        assert listed(carer) == []
        assert [item["installation_id"] for item in listed(neighbour)] == [installation]
        ((owner_id,),) = rows("select account_id from devices where dropped_at is null")
        assert owner_id == world.here.neighbours.carer
        assert live() == {installation}

    def test_follows_the_address_to_another_installation(self, world, live):
        body = phone_body()
        first, second = uuid4(), uuid4()
        assert world.carer.send("PUT", f"/devices/{first}", body).status_code == 204
        assert world.hub_carer.send("PUT", f"/devices/{second}", body).status_code == 204
        assert live() == {str(second)}

    def test_is_the_phones_that_changes_to_an_address_somebody_had(self, world, live):
        body, first, second = phone_body(), uuid4(), uuid4()
        carer, hub_carer = world.carer, world.hub_carer
        carer.send("PUT", f"/devices/{first}", body)
        register(hub_carer, str(second))
        assert hub_carer.send("PUT", f"/devices/{second}", body).status_code == 204
        assert live() == {str(second)}

    def test_is_the_newer_login_of_the_same_person(self, world, rows):
        installation = register(world.carer)
        newer = world.carer
        register(newer, installation)
        assert [item["is_this_one"] for item in listed(newer)] == [True]
        reasons = rows("select drop_reason from devices order by id")
        assert [reason for (reason,) in reasons] == ["taken_over", None]

    def test_tells_whoever_is_still_logged_in_on_it_once(self, world, rows):
        installation = register(world.carer)
        newcomer = world.hub_carer
        for _ in range(2):
            register(newcomer, installation)
        taken = rows("select id from devices where drop_reason = 'taken_over'")
        told = rows("select account_id, category, subject_id from notifications")
        assert [tuple(row) for row in told] == [
            (world.here.family.carer, "device_taken_over", taken[0].id)
        ]

    def test_tells_nobody_who_has_logged_out_or_took_it_from_themselves(self, world, rows):
        carer = world.carer
        installation = register(carer)
        register(world.carer, installation)
        newest = world.carer
        register(newest, installation)
        assert newest.post("/auth/logout").status_code == 204
        register(world.hub_carer, installation)
        assert rows("select category from notifications") == []

    def test_is_not_told_apart_from_nobodys(self, world):
        """Taking it over says nothing of whoever had it."""
        installation = register(world.hub_carer)
        carer = world.carer
        for id_ in (installation, uuid4()):
            answer = carer.send("PUT", f"/devices/{id_}", phone_body())
            assert (answer.status_code, answer.data) == (204, b"")

    def test_of_an_address_at_the_same_moment_is_refused_to_one(self, world, owner):
        """What the lock of one installation can't order, the index refuses."""
        carer, body, answers = world.carer, phone_body(), []

        def register_the_same():
            answers.append(carer.send("PUT", f"/devices/{uuid4()}", body))

        second = Thread(target=register_the_same)
        with db.transaction(owner):
            make_device(world.here.hub_carer, address=body["address"])
            second.start()
            second.join(0.5)
            assert second.is_alive(), "it waits for the first"
        second.join(10)
        (answer,) = answers
        assert (answer.status_code, answer.json["code"]) == (409, "registered_meanwhile")


BAD_PHONES = [
    ({"kind": "pigeon"}, "kind"),
    ({"platform": "windows"}, "platform"),
    ({"address": "short"}, "address"),
    ({"address": "x" * 2001}, "address"),
    ({"address": "has a space in it"}, "address"),
    ({"address": "https://evil.example/x"}, "address"),
    ({"app_version": "1" * 41}, "app_version"),
    ({"locale": "x"}, "locale"),
    ({"locale": "en_GB"}, "locale"),
    ({"keys": {"p256dh": P256DH, "auth": AUTH}}, "keys"),
]
ENDPOINTS_NOT_OURS = [
    "http://updates.push.services.mozilla.com/x",
    "https://evil.example/updates.push.services.mozilla.com",
    "https://evilupdates.push.services.mozilla.com/x",
    "https://updates.push.services.mozilla.com.evil.example/x",
    "https://updates.push.services.mozilla.com:8443/x",
    "https://updates.push.services.mozilla.com@evil.example/x",
    "https://somebody@updates.push.services.mozilla.com/x",
    "https://evil.example\\.updates.push.services.mozilla.com/x",
    "https://updates.push.services.mozilla.com\\@evil.example/x",
    "https://evil.example#.updates.push.services.mozilla.com/x",
    "https://evil.example?.updates.push.services.mozilla.com/x",
    "https://127.0.0.1/x-and-more",
    "https://[::1]/x-and-more",
    "https://169.254.169.254/latest/meta-data",
    "https://localhost/x-and-more",
    "ftp://updates.push.services.mozilla.com/x",
    "https://updates.push.services.mozilla.com",
    "https://UPDATES.push.services.mozilla.com/x\nHost: evil.example",
]


class TestWhatItSends:
    @pytest.mark.parametrize(("changes", "field"), BAD_PHONES)
    def test_is_looked_at(self, world, changes, field):
        answer = world.carer.send("PUT", f"/devices/{uuid4()}", phone_body(**changes))
        assert answer.status_code == 422
        assert set(answer.json["errors"]) == {field}

    @pytest.mark.parametrize("endpoint", ENDPOINTS_NOT_OURS)
    def test_names_no_address_the_hub_should_not_be_sent_to(self, world, rows, endpoint):
        body = {**browser_body(), "address": endpoint}
        answer = world.carer.send("PUT", f"/devices/{uuid4()}", body)
        assert answer.status_code == 422
        assert set(answer.json["errors"]) == {"address"}
        assert rows("select count(*) from devices") == [(0,)]

    @pytest.mark.parametrize(
        "endpoint",
        [
            "https://fcm.googleapis.com/fcm/send/abc:DEF-1_2",
            "https://db5p.notify.windows.com/w/?token=BQYA%2f%2fx",
            "https://web.push.apple.com:443/QOL",
            "https://updates.push.services.mozilla.com/" + "x" * 1900,
        ],
    )
    def test_may_name_any_push_service_we_know(self, world, endpoint):
        body = {**browser_body(), "address": endpoint}
        assert world.carer.send("PUT", f"/devices/{uuid4()}", body).status_code == 204

    @pytest.mark.parametrize("keys", [None, {"p256dh": P256DH}, {"p256dh": "x", "auth": AUTH},
                                      {"p256dh": P256DH, "auth": AUTH + "=="}, "keys",
                                      {"p256dh": AUTH, "auth": P256DH}])  # fmt: skip
    def test_seals_a_browsers_messages(self, world, keys):
        body = {**browser_body(), "keys": keys}
        assert world.carer.send("PUT", f"/devices/{uuid4()}", body).status_code == 422

    def test_fits_the_index_however_random(self, world):
        address = "".join(uuid4().hex for _ in range(63))[:2000]
        register(world.carer, kind="token", address=address)


class TestRemoving:
    def test_ends_delivery(self, world, live, rows):
        phone = world.carer
        installation = register(phone)
        assert phone.send("DELETE", f"/devices/{installation}").status_code == 204
        assert live() == set()
        assert listed(phone) == []
        assert rows("select drop_reason from devices") == [("removed",)]
        assert rows("select count(*) from audit_events where action = 'device:remove'") == [(1,)]

    def test_may_be_done_from_another_phone(self, world, live):
        installation = register(world.carer)
        assert world.carer.send("DELETE", f"/devices/{installation}").status_code == 204
        assert live() == set()

    def test_is_of_ones_own_alone(self, world, live):
        installation = register(world.hub_carer)
        for id_ in (installation, uuid4()):
            assert world.carer.send("DELETE", f"/devices/{id_}").status_code == 404
        assert live() == {installation}

    def test_is_not_there_a_second_time(self, world):
        phone = world.carer
        installation = register(phone)
        phone.send("DELETE", f"/devices/{installation}")
        assert phone.send("DELETE", f"/devices/{installation}").status_code == 404


def log_out(world, phone):  # noqa: ARG001 - as each way to end it
    phone.post("/auth/logout")


def revoke(world, phone):
    (mine,) = [s for s in phone.get("/auth/sessions").json["items"] if s["is_this_one"]]
    world.carer.send("DELETE", f"/auth/sessions/{mine['id']}")


def change_password(world, phone):  # noqa: ARG001 - as each way to end it
    body = {"current_password": PASSWORD, "new_password": "three random words"}
    assert world.carer.post("/auth/password", body).status_code == 204


def close_account(world, phone):  # noqa: ARG001 - as each way to end it
    manager = world.phone(world.staff[Role.PROGRAMME_MANAGER])
    closed = manager.post_seen(f"/accounts/{world.here.family.carer}", verb="close")
    assert closed.status_code == 200


def log_out_everywhere(world, phone):  # noqa: ARG001 - as each way to end it
    manager = world.phone(world.staff[Role.PROGRAMME_MANAGER])
    path = f"/accounts/{world.here.family.carer}/log-out"
    assert manager.post(path, If_Match='"1"').status_code in {200, 204}


def reuse_refresh_token(world, phone):  # noqa: ARG001 - as each way to end it
    token = {"refresh_token": phone.tokens["refresh_token"]}
    newer = phone.post("/auth/refresh", token).json
    phone.post("/auth/refresh", {"refresh_token": newer["refresh_token"]})
    assert phone.post("/auth/refresh", token).status_code == 401


class TestWhatEndsDelivery:
    @pytest.mark.parametrize(
        "end",
        [
            log_out,
            revoke,
            change_password,
            close_account,
            log_out_everywhere,
            reuse_refresh_token,
        ],
    )
    def test_is_whatever_ends_the_login(self, world, live, end):
        phone = world.carer
        installation = register(phone)
        neighbours = register(world.phone(world.here.neighbours.carer))
        assert live() == {installation, neighbours}
        end(world, phone)
        assert live() == {neighbours}

    def test_is_the_login_that_runs_out(self, world, live, rows):
        register(world.carer)
        ((expires,),) = rows("select expires_at from sessions")
        fresh = {"proven_at": expires}
        assert live(expires - timedelta(days=1)) != set()
        with db.transaction(world.app.engine) as session:
            db.set_scope(world.here.family.carer, [])
            session.execute(sa.update(Device).values(**fresh))
        assert live(expires - timedelta(seconds=1)) != set()
        assert live(expires) == set()

    def test_is_a_month_without_proof(self, world, live, owner):
        register(world.carer)
        with owner.begin() as connection:
            connection.execute(sa.text("update sessions set expires_at = expires_at + '1 year'"))
        assert live(clock.now() + timedelta(days=29, hours=23)) != set()
        assert live(clock.now() + timedelta(days=30, minutes=1)) == set()

    def test_comes_back_with_a_new_login(self, world, live):
        phone = world.carer
        installation = register(phone)
        phone.post("/auth/logout")
        register(world.carer, installation)
        assert live() == {installation}
