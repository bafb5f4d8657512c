"""Who may, on plain actors: the people who hold several roles are the ones who slip through."""

from uuid import UUID

from hub_api.access import Actor, Grant, Role
from hub_api.respite import policy as respite
from hub_api.respite.models import RespiteRequest
from hub_api.sleepovers import policy as sleepovers
from hub_api.sleepovers.models import Sleepover

HERE, THERE = UUID(int=1), UUID(int=2)
HOME, NEIGHBOURS = UUID(int=3), UUID(int=4)


def actor(*grants: Grant) -> Actor:
    return Actor(UUID(int=10), UUID(int=11), grants)


HUB_CARER = Grant(Role.HUB_CARER, HERE, None)
HUB_CARER_THERE = Grant(Role.HUB_CARER, THERE, None)
LIAISON_WORKER = Grant(Role.LIAISON_WORKER, HERE, None)
CARER = Grant(Role.SATELLITE_CARER, HERE, HOME)
NEIGHBOUR = Grant(Role.SATELLITE_CARER, HERE, NEIGHBOURS)
MANAGER = Grant(Role.PROGRAMME_MANAGER, HERE, None)


class TestWhoMayAsk:
    def test_the_households_own_carer_and_nobody_else(self):
        assert respite.can_ask(actor(CARER), HOME)
        for other in (NEIGHBOUR, HUB_CARER, LIAISON_WORKER, MANAGER):
            assert not respite.can_ask(actor(other), HOME)
        assert not respite.can_ask(actor(NEIGHBOUR, HUB_CARER), HOME)


class TestWhoMayDecide:
    def test_the_constellations_own_hub_carer_and_nobody_else(self):
        request = RespiteRequest(constellation_id=HERE)
        assert respite.can_accept(actor(HUB_CARER), request)
        for other in (CARER, LIAISON_WORKER, MANAGER, HUB_CARER_THERE):
            assert not respite.can_accept(actor(other), request)
        assert not respite.can_accept(actor(HUB_CARER_THERE, LIAISON_WORKER), request)


class TestWhoMayReadTheNote:
    def test_the_household_the_hub_carer_and_the_liaison_worker(self):
        for either in (CARER, HUB_CARER, LIAISON_WORKER):
            assert respite.can_read_note(actor(either), HOME, HERE)
        for other in (NEIGHBOUR, MANAGER, HUB_CARER_THERE):
            assert not respite.can_read_note(actor(other), HOME, HERE)
        assert not respite.can_read_note(actor(NEIGHBOUR, HUB_CARER_THERE, MANAGER), HOME, HERE)
        assert respite.can_read_note(actor(MANAGER, LIAISON_WORKER), HOME, HERE)


class TestWhoMayCancel:
    def test_the_household_the_hub_carer_and_the_liaison_worker(self):
        sleepover = Sleepover(constellation_id=HERE, household_id=HOME)
        for either in (CARER, HUB_CARER, LIAISON_WORKER):
            assert sleepovers.can_cancel(actor(either), sleepover)
        for other in (NEIGHBOUR, MANAGER, HUB_CARER_THERE):
            assert not sleepovers.can_cancel(actor(other), sleepover)
        assert not sleepovers.can_cancel(actor(NEIGHBOUR, HUB_CARER_THERE, MANAGER), sleepover)


class TestSomebodyWithTwoRoles:
    """The permission comes from one role, the object from the other."""

    def test_sees_but_may_not_decide_in_the_constellation_they_only_watch(self, world, grant):
        grant(world.elsewhere.hub_carer, Role.LIAISON_WORKER, constellation_id=world.here.id)
        path = f"/respite-requests/{world.asked()['id']}"
        phone = world.phone(world.elsewhere.hub_carer)
        assert phone.post_seen(path, verb="accept").status_code == 403

    def test_sees_but_may_not_send_a_neighbours_draft(self, world, grant):
        draft = world.carer.post("/respite-requests", world.ask_body(draft=True)).json
        grant(world.here.hub_carer, Role.SATELLITE_CARER, household_id=world.here.neighbours.id)
        path = f"/respite-requests/{draft['id']}/submit"
        assert world.hub_carer.post(path, If_Match='"1"').status_code == 404

    def test_sees_but_may_not_cancel_where_they_only_manage(self, world, grant):
        stay = world.booked()
        grant(world.elsewhere.hub_carer, Role.PROGRAMME_MANAGER)
        phone = world.phone(world.elsewhere.hub_carer)
        body = {"reason": "other"}
        answer = phone.post_seen(f"/sleepovers/{stay['id']}", body, verb="cancel")
        assert answer.status_code == 403
