"""Alembic's entry: a transaction for each migration, as the owner role."""

from alembic import context

from hub_api import db, models

# No statement time-out: a migration may take as long as its table is large. It does give up
# quickly when it cannot get its lock, rather than queue every request behind it.
OPTIONS = "-csearch_path=public -ctimezone=UTC -clock_timeout=5s"


def include(_object: object, name: str | None, kind: str, *_: object) -> bool:
    """The queue's own tables live in the schema `jobs` and follow procrastinate's migrations."""
    return not (kind == "table" and (name or "").startswith("procrastinate_"))


engine = db.make_engine(context.config.attributes["url"], connections=1, options=OPTIONS)
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=models.Base.metadata,
        include_object=include,
        # So that no lock outlasts the step that needs it.
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
