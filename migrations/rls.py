"""Grants and row-level security, the same for every table (security.md, the second wall).

Frozen: what stands here is part of the migrations that call it. Add functions; never change one, or
a fresh database and an old one would differ (tests/platform/test_migrations.py holds it).

Policies are enabled, not forced: the owner must still migrate and dump.
"""

from alembic import op

CONSTELLATIONS = (
    "any ((select nullif(current_setting('hub.constellations', true), '')::uuid[])::uuid[])"
)
"""The constellations of whoever asks. The sub-select makes PostgreSQL work it out once a statement,
`nullif` because a pooled connection keeps the setting as an empty string."""

ACCOUNT = "(select nullif(current_setting('hub.account', true), '')::uuid)"

OVERSEES_SERVICE = "(select current_setting('hub.oversees_service', true) = 'true')"


def grant(table: str, *, api: str, worker: str = "select") -> None:
    """What the two roles may do with a table at all."""
    op.execute(f"grant {api} on {table} to hub_api")
    op.execute(f"grant {worker} on {table} to hub_worker")


def scope_by_constellation(table: str, column: str = "constellation_id") -> None:
    """The API sees and writes rows of the actor's constellations; the worker, every row."""
    _enable(table)
    op.execute(
        f"create policy {table}_constellation on {table} to hub_api"
        f" using ({column} = {CONSTELLATIONS})"
    )


SERVING = (
    "any (array(select a.hub_home_id from hub_appointments a"  # noqa: S608 - names of our own
    f" where a.constellation_id = {CONSTELLATIONS}))"
)
"""The hub homes that serve the constellations of whoever asks, whosever they are."""

SEES_EVERYTHING = (
    "coalesce(nullif(current_setting('role'), 'none'), session_user)"
    " in (current_user, 'hub_worker')"
)
"""For a function that sees more than its caller: called by the owner or the worker. Inside it the
current user is its owner; who called it is the role taken on with `set role`, or else the login."""


def scope_by_hub_home(table: str) -> None:
    """The API also sees what belongs to the hub homes that serve the actor's constellations: an
    interim hub may belong to the next one. It writes in the actor's constellations alone."""
    op.execute(f"drop policy if exists {table}_constellation on {table}")
    op.execute(
        f"create policy {table}_constellation on {table} to hub_api"
        f" using (constellation_id = {CONSTELLATIONS} or hub_home_id = {SERVING})"
        f" with check (constellation_id = {CONSTELLATIONS})"
    )


def scope_hub_homes() -> None:
    """The same for the hub homes themselves, whose mutex whoever they serve must be able to take;
    which of their columns can be written is in the grants."""
    op.execute("drop policy if exists hub_homes_constellation on hub_homes")
    op.execute(
        "create policy hub_homes_constellation on hub_homes to hub_api"
        f" using (constellation_id = {CONSTELLATIONS} or id = {SERVING})"
    )


def refuse_overlaps(table: str, column: str, name: str) -> None:
    """Two rows about the same thing never hold on the same day; the refusal bears this name."""
    op.execute(
        f"create trigger {name} before insert or update on {table} for each row"
        f" execute function refuse_overlap('{column}', '{name}')"
    )


def scope_by_account(table: str) -> None:
    """The API reads and changes the actor's own rows, and adds rows for anybody."""
    _enable(table)
    op.execute(
        f"create policy {table}_own on {table} to hub_api"
        f" using (account_id = {ACCOUNT}) with check (account_id = {ACCOUNT})"
    )
    op.execute(f"create policy {table}_add on {table} for insert to hub_api with check (true)")


def keep_to_account(table: str) -> None:
    """The API reads, changes and adds the actor's own rows, and no others."""
    _enable(table)
    op.execute(
        f"create policy {table}_own on {table} to hub_api"
        f" using (account_id = {ACCOUNT}) with check (account_id = {ACCOUNT})"
    )


def append_only_by_constellation(table: str) -> None:
    """The API adds rows about anything and reads those of the actor's constellations."""
    _enable(table)
    op.execute(
        f"create policy {table}_constellation on {table} for select to hub_api"
        f" using (constellation_id = {CONSTELLATIONS})"
    )
    op.execute(f"create policy {table}_add on {table} for insert to hub_api with check (true)")


def show_to_those_who_oversee_the_service(table: str) -> None:
    """Whoever oversees the service reads the rows that belong to no constellation."""
    op.execute(
        f"create policy {table}_service on {table} for select to hub_api"
        f" using (constellation_id is null and {OVERSEES_SERVICE})"
    )


def keep_to_the_worker(table: str) -> None:
    """The API has no policy, and so no rows, even if somebody grants it the table."""
    _enable(table)


def _enable(table: str) -> None:
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"create policy {table}_worker on {table} to hub_worker using (true)")
