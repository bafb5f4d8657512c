"""The `hub` command."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import sqlalchemy.exc

from hub_api import db
from hub_api import settings as hub_settings
from hub_api.settings import SettingsError

if TYPE_CHECKING:
    from uuid import UUID

ROOT = Path(__file__).resolve().parents[1]


class _OneLine(click.Group):
    """Turns what a person can mend into one clear line, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            raise click.ClickException(str(error)) from None
        except sqlalchemy.exc.OperationalError as error:
            raise click.ClickException(
                f"The database can't be reached: {db.reason(error)}. Check HUB_DATABASE_URL, "
                "HUB_WORKER_DATABASE_URL and HUB_MIGRATION_DATABASE_URL, or unset all three to "
                "use the embedded database."
            ) from None
        except sqlalchemy.exc.ProgrammingError as error:
            raise click.ClickException(
                f"The database refuses that: {db.reason(error)}. Is the schema up to date "
                "(`hub migrate`), and does each address name the role it is for?"
            ) from None


@click.group(cls=_OneLine)
def main() -> None:
    """The Mockingbird hub. Settings come from HUB_… variables (docs/operator.md)."""
    from hub_api import processes

    hub_settings.use(hub_settings.from_environment())
    if hub_settings.current().supervised:
        processes.leave_with_parent()


@main.command()
def run() -> None:
    """Start database, API and worker; Ctrl-C stops them all."""
    from hub_api import supervisor

    supervisor.run(hub_settings.current(), click.echo)


@main.command()
def api() -> None:
    """Serve the API."""
    from hub_api import logs, server

    logs.configure()
    server.run(hub_settings.current())


@main.command()
def worker() -> None:
    """Run background jobs."""
    from hub_api import logs, worker

    logs.configure()
    worker.run(hub_settings.current())


@main.command()
@click.option("--to", default="head", show_default=True, help="A revision, `head` or `base`.")
@click.option("--yes", is_flag=True, help="Don't ask before data is lost.")
def migrate(to: str, *, yes: bool) -> None:
    """Bring the database schema to a revision, up or down."""
    from hub_api import embedded, migrate

    with embedded.with_database(hub_settings.current()) as ready:
        url = ready.required_database().migration
        if not yes and migrate.loses_data(url, to):
            click.confirm(f"Going back to {to} deletes what is stored since. Go on?", abort=True)
        migrate.move(url, to)
        click.echo(f"The schema is at {migrate.current(url) or 'base'}.")


@main.command()
@click.option(
    "--constellations",
    type=click.IntRange(1, 2000),
    help="Load so many instead of the pilot, in bulk; the first two are the pilot's.",
)
@click.option(
    "--months",
    type=click.IntRange(1, 60),
    default=24,
    show_default=True,
    help="How far back they reach. Only with --constellations.",
)
@click.option(
    "--seed",
    "dice",
    type=int,
    help="The number of the dice: the same number on the same day makes the same people and stays.",
)
def seed(constellations: int | None, months: int, dice: int | None) -> None:
    """Put demo data into an empty database: Southwark's pilot, or as much as is asked for."""
    from hub_api import embedded, migrate
    from seed import southwark

    with embedded.with_database(hub_settings.current()) as ready:
        url = ready.required_database().migration
        migrate.move(url)
        if not migrate.is_empty(url):
            raise SettingsError("The database is not empty, so no demo data was added.")
        number = southwark.DICE if dice is None else dice
        if constellations is None:
            southwark.seed(ready, number)
        else:
            loading = southwark.Loading(
                ready, constellations=constellations, months=months, dice=number
            )
            with click.progressbar(
                loading.towns(), length=constellations, label="Constellations", file=sys.stderr
            ) as towns:
                for _ in towns:
                    pass
            loading.finish()
        click.echo(f"Demo data added; the logins are in {ready.demo_accounts_path}")


@main.command()
@click.option("--check", is_flag=True, help="Change nothing; fail when openapi/hub.json is stale.")
def openapi(*, check: bool) -> None:
    """Write the API's contract to openapi/hub.json."""
    from hub_api.openapi import document

    path = ROOT / "openapi" / "hub.json"
    fresh = document()
    if not check:
        path.write_text(fresh)
        click.echo(f"Wrote {path}")
    elif not path.exists() or path.read_text() != fresh:
        raise SettingsError("openapi/hub.json is stale. Make it anew: make openapi")


@main.command()
@click.option("--check", is_flag=True, help="Change nothing; fail when the template is stale.")
def words(*, check: bool) -> None:
    """Write what notifications say to hub_api/translations/hub.pot, for translators."""
    from hub_api.notifications import words

    path = words.FOLDER / words.TEMPLATE
    fresh = words.template()
    if not check:
        path.write_text(fresh)
        click.echo(f"Wrote {path}")
    elif not path.exists() or path.read_text() != fresh:
        raise SettingsError(f"{path.name} is stale. Make it anew: make words")


@main.group()
def keys() -> None:
    """The token keys, and the data keys of what is written about children."""


@keys.command()
@click.option("--data", is_flag=True, help="Rotate the ring that wraps every child's data key.")
def rotate(*, data: bool) -> None:
    """Add a new signing key, keeping the one before it until its tokens are out of date."""
    from hub_api import token_keys

    if data:
        _rotate_data_keys()
        return
    path = hub_settings.current().keys_path
    kid = token_keys.rotate_token_keys(path)
    click.echo(f"New tokens are signed with {kid} from now on. Ring: {path}")


@keys.command()
def vapid() -> None:
    """Make the key that signs push to browsers, once."""
    from hub_api.notifications import vapid_keys

    path = hub_settings.current().channels.vapid_key_file
    if path is None:
        raise SettingsError(f"{vapid_keys.SETTING} is not set: say where the key is to be.")
    public = vapid_keys.public_text(vapid_keys.make(path))
    click.echo(f"Browsers subscribe to {public}")
    click.echo(f"Back up {path}: with another key every browser must subscribe anew.")


def _rotate_data_keys() -> None:
    from hub_api import child_keys, embedded

    path = hub_settings.current().data_keys_path
    with embedded.with_database(hub_settings.current()) as ready:
        if not path.exists():
            child_keys.provide_secrets(ready)
            click.echo("Made the data keys.")
        else:
            key_id, count = child_keys.rotate(ready)
            click.echo(f"Data key {key_id} is the current one; {count} children's keys rewrapped.")
    click.echo(f"Back up {path} now, apart from the database: nothing can replace it.")


@keys.command("erase-child")
@click.argument("child_id", type=click.UUID)
@click.option("--yes", is_flag=True, help="Don't ask whether you are sure.")
def erase_child(child_id: UUID, *, yes: bool) -> None:
    """Make everything written about a child unreadable, for good."""
    from hub_api import embedded
    from hub_api.errors import NotFound
    from hub_api.households import service as households

    if not yes:
        click.confirm(
            f"Everything written about child {child_id}, alone or with others, becomes unreadable "
            "for good. Nobody can undo it. Erase it?",
            abort=True,
        )
    with embedded.with_database(hub_settings.current()) as ready:
        engine = db.make_engine(ready.required_database().migration, connections=1)
        try:
            with db.transaction(engine):
                erased = households.erase_texts(child_id)
        except NotFound:
            raise SettingsError(f"There is no child with the id {child_id}.") from None
        finally:
            engine.dispose()
    click.echo("Erased." if erased else "It was erased before.")


@main.command()
@click.argument("email")
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(["system_administrator", "programme_manager"]),
    required=True,
    help="They invite everybody else, in the app.",
)
def invite(email: str, name: str, role: str) -> None:
    """Invite the first people, who then invite the others."""
    from hub_api import embedded
    from hub_api.access import Role
    from hub_api.accounts import service as accounts

    settings = hub_settings.current()
    with embedded.with_database(settings) as ready:
        engine = db.make_engine(ready.required_database().migration, connections=1)
        try:
            with db.transaction(engine):
                code = accounts.invite_from_the_command_line(email, name, Role(role))
        except sqlalchemy.exc.IntegrityError:
            raise SettingsError(f"There is already an account for {email}.") from None
        finally:
            engine.dispose()
    hours = settings.invite_lifetime.total_seconds() // 3600
    click.echo(f"Code for {name}, to be answered once within {hours:.0f} hours: {code}")


@main.command("push-test")
@click.option("--to", "email", required=True, help="Whom: the e-mail address they log in with.")
@click.option("--dry-run", is_flag=True, help="Have Google check each message; send nothing.")
def push_test(email: str, *, dry_run: bool) -> None:
    """Say how everything stands between somebody's account and their phone, and send a test."""
    from hub_api import embedded
    from hub_api.notifications import push_test

    settings = hub_settings.current()
    with embedded.with_database(settings) as ready:
        engine = db.make_engine(ready.required_database().migration, connections=1)
        try:
            is_reached = push_test.pull(
                engine, settings.channels, email, click.echo, dry_run=dry_run
            )
        finally:
            engine.dispose()
    if not is_reached:
        sys.exit(1)


@main.group()
def audit() -> None:
    """The audit trail."""


@audit.command()
@click.option(
    "--anchor",
    "anchors",
    type=click.Path(path_type=Path),
    multiple=True,
    help="A copy of the anchor kept elsewhere, instead of HUB_AUDIT_ANCHOR_FILE.",
)
def verify(anchors: tuple[Path, ...]) -> None:
    """Hold every audit event to its seal and to the anchor outside the database."""
    from hub_api import embedded
    from hub_api.audit import verifying

    with embedded.with_database(hub_settings.current()) as ready:
        report = verifying.verify(ready, anchors)
    for problem in report.problems:
        click.echo(f"{problem.kind}: {problem.words}")
    if report.unreadable_lines:
        click.echo(f"Passed over in the anchor, because cut short: {report.unreadable_lines}")
    verdict = "looked at" if report.problems else "verified"
    click.echo(
        f"Sealed events {verdict}: {report.verified}. Waiting for a seal: {report.waiting}, the "
        f"oldest for {report.oldest_waiting:.0f} s."
    )
    if report.problems:
        sys.exit(1)


@main.command()
def doctor() -> None:
    """Say what is configured, reachable, missing or unsafe."""
    from hub_api import doctor

    findings = doctor.examine(hub_settings.current())
    for finding in findings:
        click.echo(f"{finding.verdict:<8} {finding.part:<12} {finding.words}")
    if any(finding.verdict in doctor.FAILING for finding in findings):
        sys.exit(1)


if __name__ == "__main__":
    main()
