"""The job queue: procrastinate's schema, in a schema of its own.

The library's numbered migrations are applied one by one and not its current `schema.sql`, so that
this revision means the same after the library moves on.
"""

from importlib.resources import files

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

THROUGH = "03.04.00_50_post_add_retry_failed_job_procedure.sql"


def upgrade() -> None:
    op.execute("create schema jobs")
    op.execute("set local search_path to jobs")
    steps = sorted(
        step.name
        for step in files("procrastinate.sql.migrations").iterdir()
        if step.name.endswith(".sql") and step.name <= THROUGH
    )
    driver = op.get_bind().connection.driver_connection
    for step in steps:
        driver.execute(files("procrastinate.sql.migrations").joinpath(step).read_text())
    op.execute("set local search_path to public")
    # The API defers jobs and counts them; only the worker takes, ends or removes them.
    for role, verbs in (
        ("hub_api", "select, insert"),
        ("hub_worker", "select, insert, update, delete"),
    ):
        op.execute(f"grant usage on schema jobs to {role}")
        op.execute(f"grant {verbs} on all tables in schema jobs to {role}")
        op.execute(f"grant usage on all sequences in schema jobs to {role}")
    op.execute("grant select on alembic_version to hub_api, hub_worker")


def downgrade() -> None:
    op.execute("drop schema jobs cascade")
