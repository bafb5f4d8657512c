"""A stay across each clock change, asked for, accepted and read back over HTTP."""

import pytest
import time_machine

STAYS = {
    "autumn: the night has an hour more": (
        "2026-10-20T12:00:00+00:00",
        ("2026-10-24T17:00:00+01:00", "2026-10-25T10:00:00+00:00"),
        ("2026-10-24T16:00:00Z", "2026-10-25T10:00:00Z"),
        ["2026-10-24"],
    ),
    "autumn: from the second one o'clock": (
        "2026-10-20T12:00:00+00:00",
        ("2026-10-25T01:00:00+00:00", "2026-10-25T10:00:00+00:00"),
        ("2026-10-25T01:00:00Z", "2026-10-25T10:00:00Z"),
        ["2026-10-24"],
    ),
    "autumn: three nights around it": (
        "2026-10-20T12:00:00+00:00",
        ("2026-10-23T17:00:00+01:00", "2026-10-26T10:00:00+00:00"),
        ("2026-10-23T16:00:00Z", "2026-10-26T10:00:00Z"),
        ["2026-10-23", "2026-10-24", "2026-10-25"],
    ),
    "spring: the night has an hour less": (
        "2027-03-20T12:00:00+00:00",
        ("2027-03-27T17:00:00+00:00", "2027-03-28T10:00:00+01:00"),
        ("2027-03-27T17:00:00Z", "2027-03-28T09:00:00Z"),
        ["2027-03-27"],
    ),
    "spring: three nights around it": (
        "2027-03-20T12:00:00+00:00",
        ("2027-03-26T17:00:00+00:00", "2027-03-29T10:00:00+01:00"),
        ("2027-03-26T17:00:00Z", "2027-03-29T09:00:00Z"),
        ["2027-03-26", "2027-03-27", "2027-03-28"],
    ),
    "an arrival at one in the morning": (
        "2026-11-20T12:00:00+00:00",
        ("2026-12-05T01:00:00+00:00", "2026-12-05T10:00:00+00:00"),
        ("2026-12-05T01:00:00Z", "2026-12-05T10:00:00Z"),
        ["2026-12-04"],
    ),
}


@pytest.mark.parametrize("stay", STAYS.values(), ids=STAYS)
def test_a_stay_has_the_right_nights_and_instants(world, owner, stay):
    now, (arrives_at, departs_at), instants, nights = stay
    with owner.begin() as connection:  # the world began some days before today
        for table in ("role_grants", "memberships", "hub_appointments", "beds", "approvals"):
            connection.exec_driver_sql(f"update {table} set starts_on = '2026-01-01'")
        connection.exec_driver_sql("update adults set dbs_issued_on = '2026-01-01'")
    with time_machine.travel(now, tick=False):
        request = world.asked(arrives_at=arrives_at, departs_at=departs_at)
        path = f"/respite-requests/{request['id']}"
        assert world.hub_carer.post_seen(path, verb="accept").status_code == 200
        (sleepover,) = world.carer.get("/sleepovers").json["items"]
    assert request["nights"] == nights
    assert [held["night"] for held in sleepover["bed_nights"]] == nights
    assert (sleepover["arrives_at"], sleepover["departs_at"]) == instants
