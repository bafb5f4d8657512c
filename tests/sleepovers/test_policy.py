"""Who runs and who changes a stay, on plain actors."""

from uuid import UUID

from hub_api.access import Actor, Grant, Role
from hub_api.sleepovers import policy
from hub_api.sleepovers.models import Sleepover

HERE, THERE, HOME = UUID(int=1), UUID(int=2), UUID(int=3)
STAY = Sleepover(constellation_id=HERE, household_id=HOME)

HUB_CARER = Grant(Role.HUB_CARER, HERE, None)
LIAISON_WORKER = Grant(Role.LIAISON_WORKER, HERE, None)
HUB_CARER_THERE = Grant(Role.HUB_CARER, THERE, None)
LIAISON_WORKER_THERE = Grant(Role.LIAISON_WORKER, THERE, None)
CARER = Grant(Role.SATELLITE_CARER, HERE, HOME)
MANAGER = Grant(Role.PROGRAMME_MANAGER, HERE, None)


def actor(*grants: Grant) -> Actor:
    return Actor(UUID(int=10), UUID(int=11), grants)


def test_only_its_own_hub_carer_runs_a_stay():
    assert policy.can_run(actor(HUB_CARER), STAY)
    for other in (CARER, LIAISON_WORKER, MANAGER, HUB_CARER_THERE):
        assert not policy.can_run(actor(other), STAY)
    assert not policy.can_run(actor(HUB_CARER_THERE, LIAISON_WORKER, CARER), STAY)


def test_its_hub_carer_and_its_liaison_worker_change_a_stay():
    for either in (HUB_CARER, LIAISON_WORKER):
        assert policy.can_change(actor(either), STAY)
    for other in (CARER, MANAGER, HUB_CARER_THERE, LIAISON_WORKER_THERE):
        assert not policy.can_change(actor(other), STAY)
    assert not policy.can_change(actor(HUB_CARER_THERE, CARER, MANAGER), STAY)


class TestALiaisonWorkerOfElsewhereWhoFostersHere:
    """The permission comes from one role, the stay from the other."""

    def test_sees_the_stay_and_may_not_change_it(self, world, grant):
        stay = world.booked()
        grant(
            world.elsewhere.liaison_worker, Role.SATELLITE_CARER, household_id=world.here.family.id
        )
        phone = world.phone(world.elsewhere.liaison_worker)
        path = f"/sleepovers/{stay['id']}"
        assert phone.get(path).status_code == 200
        bodies = {"close": None, "end-early": {"reason": "other"}}
        bodies |= {"handover": {}, "return": {}, "extend": {"departs_at": "2090-01-01T10:00:00Z"}}
        for verb, body in bodies.items():
            assert phone.post_seen(path, body, verb=verb).status_code == 403, verb
