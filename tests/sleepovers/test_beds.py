"""Which child sleeps in which bed."""

from datetime import date, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from hub_api.sleepovers.beds import allocate, free_beds

BEDS = [UUID(int=n) for n in range(4)]
CHILDREN = [UUID(int=100 + n) for n in range(4)]
NIGHTS = [date(2026, 12, 1) + timedelta(days=n) for n in range(5)]


class TestAllocate:
    def test_a_child_keeps_one_bed_where_it_can(self):
        taken = {(BEDS[0], NIGHTS[1])}
        plan = allocate(free_beds(BEDS[:2], NIGHTS[:3], taken), CHILDREN[:1])
        assert set(plan[CHILDREN[0]].values()) == {BEDS[1]}

    def test_a_child_changes_beds_when_that_is_the_only_way(self):
        taken = {(BEDS[0], NIGHTS[0]), (BEDS[1], NIGHTS[1])}
        plan = allocate(free_beds(BEDS[:2], NIGHTS[:2], taken), CHILDREN[:1])
        assert plan[CHILDREN[0]] == {NIGHTS[0]: BEDS[1], NIGHTS[1]: BEDS[0]}

    @given(
        taken=st.sets(st.tuples(st.sampled_from(BEDS), st.sampled_from(NIGHTS))),
        children=st.integers(1, 4),
    )
    def test_no_bed_is_shared_and_no_taken_bed_is_given(self, taken, children):
        free = free_beds(BEDS, NIGHTS, taken)
        if min(len(beds) for beds in free.values()) < children:
            return
        plan = allocate(free, CHILDREN[:children])
        given_out = [(bed, night) for stay in plan.values() for night, bed in stay.items()]
        assert len(given_out) == len(set(given_out)) == children * len(NIGHTS)
        assert not taken & set(given_out)
