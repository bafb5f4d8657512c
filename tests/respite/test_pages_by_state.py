"""A household's requests of one state, as its carers list them, are read from an index in order."""

import sqlalchemy as sa

PAGE = """
    explain (costs off) select id, constellation_id from respite_requests
     where household_id = :household and state = 'draft' order by id desc limit 50
"""


def test_a_page_is_read_in_order_from_its_index_alone(world, owner):
    with owner.begin() as connection:
        # So few rows would be read whole; what matters is that there is another way.
        for name in ("enable_seqscan", "enable_sort", "enable_bitmapscan"):
            connection.exec_driver_sql(f"set local {name} = off")
        plan = [*connection.scalars(sa.text(PAGE), {"household": world.here.family.id})]
    text = "\n".join(plan)
    assert "Index Only Scan Backward using ix_respite_requests_household_id_state_id" in text
    assert "Filter" not in text
