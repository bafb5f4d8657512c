"""Medicines are counted at the very moment a dose is recorded, or it is recorded twice; with the
negative controls."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, BrokenBarrierError

import pytest
import time_machine

from hub_api.care import counts, doses, stays
from tests.care.conftest import HOUR
from tests.care.test_handing_over import BAG, HOME, counting
from tests.care.test_medication import dose, due, medicine, nightly

__all__ = ["medicine", "nightly"]


def let_both_look(monkeypatch):
    """Whoever looks into the counts waits for the other, before and after, but not for long."""
    before, after, look = Barrier(2), Barrier(2), counts.look_into

    def meet(gate):
        try:
            gate.wait(1)
        except BrokenBarrierError:
            gate.abort()

    def together(stay):
        meet(before)
        look(stay)
        meet(after)

    monkeypatch.setattr(counts, "look_into", together)


def count_and_give_at_once(care, syrup):
    """Six went along and six came back, while the hub records that one was given."""
    with time_machine.travel(care.now + HOUR, tick=False):
        hub, family = care.phone("hub_carer"), care.phone("carer")
        given = dose(syrup, given_at=care.now)
        back = HOME | counting(syrup, 6)
        with ThreadPoolExecutor(2) as pool:
            answers = [
                pool.submit(hub.post, f"{care.path}/medication", given),
                pool.submit(family.post, f"{care.path}/handovers", back),
            ]
            assert [answer.result().status_code for answer in answers] == [201, 201]


@pytest.fixture
def syrup(care, medicine):
    found = medicine(care)
    assert care.post("handovers", BAG | counting(found, 6), by="carer").status_code == 201
    return found


def test_a_difference_is_seen_by_whoever_is_second(care, syrup, tasks, monkeypatch):
    let_both_look(monkeypatch)
    count_and_give_at_once(care, syrup)
    assert [state for state, _ in tasks("medicines_differ")] == ["open"]


def test_unless_nobody_holds_the_stay(care, syrup, tasks, monkeypatch):
    monkeypatch.setattr(stays, "hold", lambda stay: stay)
    let_both_look(monkeypatch)
    count_and_give_at_once(care, syrup)
    assert tasks("medicines_differ") == []


@pytest.mark.parametrize("is_held", [True, False])
def test_one_dose_is_given_once(care, nightly, rows, monkeypatch, is_held):
    """Also where nobody held the stay, so that both found it refused: the database knows."""
    if not is_held:
        monkeypatch.setattr(stays, "hold", lambda stay: stay)
    at, tablet = due(care), nightly(care)
    no = dose(tablet, due_at=at, outcome="refused", why="Spat it out.")
    assert care.post("medication", no, at=at).status_code == 201
    gate, number = Barrier(2), doses.next_attempt

    def both_number(*dose):
        found = number(*dose)
        try:
            gate.wait(1)
        except BrokenBarrierError:
            gate.abort()
        return found

    monkeypatch.setattr(doses, "next_attempt", both_number)
    with time_machine.travel(at, tick=False), ThreadPoolExecutor(2) as pool:
        phones = [care.phone("hub_carer"), care.phone("liaison_worker")]
        path, body = f"{care.path}/medication", dose(tablet, due_at=at)
        answers = [*pool.map(lambda phone: phone.post(path, body), phones)]
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert len(rows("select 1 from medication_records where outcome = 'given'")) == 1
