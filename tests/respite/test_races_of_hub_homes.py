"""A hub home that is to serve for a while is taken back as somebody asks for a stay there.

It belongs to the next constellation: once its appointment is gone, nobody here sees it any more,
and a request that waits for its answer could be answered by nobody.
"""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from hub_api import clock, db
from hub_api.access import Role
from hub_api.constellations import service as constellations
from hub_api.constellations.models import HubAppointment
from hub_api.respite import requests
from tests.factories.requests import decide, path_of, stay
from tests.respite.test_races import all_at_once
from tests.sleepovers.test_races import again, like, no_deadlocks, number

__all__ = ["no_deadlocks", "number"]

pytestmark = pytest.mark.usefixtures("no_deadlocks")

ROUNDS = 20
FIRST = 20
"""The day from which the other constellation's hub home is to serve."""

LEFT_BEHIND = """
    select r.id from respite_requests r where r.state = 'submitted' and not exists (
        select from hub_appointments a
         where a.constellation_id = r.constellation_id and a.hub_home_id = r.hub_home_id
           and a.starts_on <= r.nights[1] and (a.ends_on is null or a.ends_on > r.nights[1]))
"""


@pytest.fixture
def interim(world, owner) -> Any:
    """Appoint the other hub home for a fortnight to come; the path of its appointment."""
    first = clock.london_today() + timedelta(days=FIRST)
    with db.transaction(owner) as session:
        session.execute(
            sa.update(HubAppointment)
            .where(HubAppointment.constellation_id == world.here.id)
            .values(ends_on=first)
        )

    def appoint() -> str:
        with db.transaction(owner) as session:
            appointment = HubAppointment(
                constellation_id=world.here.id,
                hub_home_id=world.elsewhere.hub_home,
                starts_on=first,
                ends_on=first + timedelta(days=14),
            )
            session.add(appointment)
            session.flush()
            return f"/constellations/{world.here.id}/hub-appointments/{appointment.id}"

    return appoint


@pytest.fixture
def manager(world):
    return world.phone(world.staff[Role.PROGRAMME_MANAGER])


def race(world, manager, path: str, *, is_saved: bool) -> list[Any]:
    body = world.ask_body(**stay(FIRST + 1), draft=is_saved)
    carer, send = like(world.carer), like(manager)
    if is_saved:
        draft = carer.post("/respite-requests", body).json
        seen = f'"{draft["version"]}"'

        def ask() -> Any:
            return carer.post(f"{path_of(draft)}/submit", If_Match=seen)
    else:

        def ask() -> Any:
            return carer.post("/respite-requests", body)

    answers = all_at_once([ask, lambda: send.send("DELETE", path)])
    return [(answer.status_code, (answer.json or {}).get("code")) for answer in answers]


def clear(owner) -> None:
    with owner.begin() as connection:
        connection.exec_driver_sql("truncate respite_requests cascade")
        connection.exec_driver_sql("delete from hub_appointments where starts_on > current_date")


@pytest.mark.parametrize("is_saved", [False, True], ids=["asked", "submitted"])
@again
def test_either_the_request_or_the_appointment_stays(
    world, manager, interim, owner, rows, is_saved
):
    for _ in range(ROUNDS):
        asked, withdrawn = race(world, manager, interim(), is_saved=is_saved)
        if withdrawn == (204, None):
            assert asked in {(409, "no_hub_home"), (404, "not_found")}
        else:
            assert withdrawn == (409, "stays_ahead")
            assert asked[0] in {200, 201}
        assert rows(LEFT_BEHIND) == []
        clear(owner)


@pytest.mark.parametrize("is_saved", [False, True], ids=["asked", "submitted"])
def test_a_request_is_left_behind_when_nobody_holds_the_appointment(
    world, manager, interim, owner, rows, monkeypatch, is_saved
):
    monkeypatch.setattr(constellations, "hold_serving_hub_home", constellations.serving_hub_home)
    keep = requests.keep

    def slowly(*args: Any) -> None:
        db.session().execute(sa.text("select pg_sleep(0.05)"))
        keep(*args)

    monkeypatch.setattr(requests, "keep", slowly)
    for _ in range(30):
        race(world, manager, interim(), is_saved=is_saved)
        if rows(LEFT_BEHIND):
            return
        clear(owner)
    pytest.fail("with the appointment held by nobody, no request was ever left behind")


def test_a_hub_home_that_nobody_here_sees_any_more_is_not_found(world, interim, owner):
    interim()
    request = world.asked(**stay(FIRST + 1))
    with owner.begin() as connection:
        connection.exec_driver_sql("delete from hub_appointments where starts_on > current_date")
    answer = decide(world.hub_carer, request, "accept")
    assert answer.status_code == 404


def test_a_change_that_waited_goes_to_no_hub_home_that_serves_no_more(
    world, interim, owner, monkeypatch
):
    """Withdrawn between the look at who serves and the mutex."""
    path = interim()
    request = world.asked(**stay(FIRST + 1))
    lock = constellations.lock_hub_home

    def withdrawn_meanwhile(hub_home_id: Any) -> None:
        lock(hub_home_id)
        with owner.begin() as connection:
            connection.execute(
                sa.text("update hub_appointments set ends_on = starts_on + 2 where id = :id"),
                {"id": path.rpartition("/")[2]},
            )

    monkeypatch.setattr(constellations, "lock_hub_home", withdrawn_meanwhile)
    seen = f'"{request["version"]}"'
    answer = world.carer.send("PATCH", path_of(request), stay(FIRST + 4), If_Match=seen)
    assert answer.status_code == 409
    assert answer.json["code"] == "no_hub_home"
