"""The `hub` command."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import sqlalchemy.exc

from hub_api import db
from hub_api import settings as hub_settings
from hub_api.settings import SettingsError

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
def migrate(to: str) -> None:
    """Bring the database schema to a revision, up or down."""
    from hub_api import embedded, migrate

    with embedded.with_database(hub_settings.current()) as ready:
        url = ready.required_database().migration
        migrate.move(url, to)
        click.echo(f"The schema is at {migrate.current(url) or 'base'}.")


@main.command()
def seed() -> None:
    """Put demo data into an empty database."""
    from hub_api import embedded, migrate
    from seed import southwark

    with embedded.with_database(hub_settings.current()) as ready:
        url = ready.required_database().migration
        migrate.move(url)
        if not migrate.is_empty(url):
            raise SettingsError("The database is not empty, so no demo data was added.")
        southwark.seed(ready)
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


@main.group()
def keys() -> None:
    """The ring of token keys."""


@keys.command()
@click.option("--data", is_flag=True, help="Make the secrets file for what is stored instead.")
def rotate(*, data: bool) -> None:
    """Add a new signing key, keeping the one before it until its tokens are out of date."""
    from hub_api import crypto, data_keys

    if data:
        data_keys.make_secrets(hub_settings.current().data_keys_path)
        click.echo(f"Made {hub_settings.current().data_keys_path}. Keep a copy of it at once.")
        return
    path = hub_settings.current().keys_path
    kid = crypto.rotate_token_keys(path)
    click.echo(f"New tokens are signed with {kid} once the API has been restarted. Ring: {path}")


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
