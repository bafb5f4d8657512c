"""A household's requests of one state, as its carers list them, are read from an index in order."""

import sqlalchemy as sa

PAGE = """
    explain (costs off) select id, constellation_id from respite_requests
     where household_id = :household and state = 'draft' order by id desc limit 50
"""


def test_a_page_is_read_in_order_from_its_index_alone(world, owner):
    with owner.connect() as connection:
        # So few rows would be read whole, or all of the household's, or in the order of their ids;
        # what matters is that there is another way. Its rivals are back when this is undone.
        for name in ("seqscan", "sort", "bitmapscan"):
            connection.exec_driver_sql(f"set local enable_{name} = off")
        connection.exec_driver_sql("drop index ix_respite_requests_household_id_id")
        connection.exec_driver_sql(
            "alter table respite_requests drop constraint pk_respite_requests cascade"
        )
        plan = [*connection.scalars(sa.text(PAGE), {"household": world.here.family.id})]
        connection.rollback()
    text = "\n".join(plan)
    assert "Index Only Scan Backward using ix_respite_requests_household_id_state_id" in text
    assert "Filter" not in text
