"""`hub api` or `hub worker` at their most talkative, going wrong in the ways its caller names.

What goes wrong quotes a secret, as exceptions of libraries and databases do.
"""

import logging
import os
import sys
from collections import defaultdict
from typing import Any

import psycopg
import sqlalchemy as sa
import structlog
from flask import request
from sqlalchemy.exc import OperationalError

from hub_api import cli, db, edges, jobs, logs
from hub_api.notifications import planning, service

SECRET = os.environ["CANARY"]


def unexpected() -> None:
    try:
        raise KeyError(SECRET)
    except KeyError as error:
        raise RuntimeError(f"{SECRET} was not there") from error


def integrity() -> None:
    db.session().execute(
        sa.text("insert into audit_events (id, action) values (gen_random_uuid(), :secret)"),
        {"secret": SECRET},
    )


def odd_value() -> None:
    db.session().execute(sa.text("select cast(:secret as integer)"), {"secret": SECRET})


def unreachable() -> None:
    original = psycopg.OperationalError(f"password={SECRET}")
    raise OperationalError("select", {"name": SECRET}, original)


def leak() -> None:
    """What must never be written, to show that it would be found."""
    structlog.get_logger("hub_api.leak").info("asked", name=SECRET)


WAYS = {way.__name__: way for way in (unexpected, integrity, odd_value, unreachable, leak)}


def talk() -> None:
    configure = logs.configure

    def configure_for_debugging(*arguments: Any) -> None:
        configure(*arguments)
        logging.getLogger().setLevel(logging.DEBUG)

    logs.configure = configure_for_debugging


def go_wrong_when_asked() -> None:
    inbox, make_ready, finish = service.inbox, planning.make_ready, edges._finish
    # The first four jobs fail each in its way, are tried again, and are given up.
    failures = iter(["unexpected", "integrity", "odd_value", "unreachable"])
    doomed: dict[str, Any] = defaultdict(lambda: WAYS.get(next(failures, "")))
    object.__setattr__(jobs.ON_FAILURE, "max_attempts", 2)
    object.__setattr__(jobs.ON_FAILURE, "exponential_wait", 1)

    def listed(*arguments: Any) -> Any:
        WAYS.get(request.headers.get("Go-Wrong", ""), lambda: None)()
        return inbox(*arguments)

    def ready(notification_ids: Any) -> None:
        if go_wrong := doomed[str(notification_ids)]:
            go_wrong()
        make_ready(notification_ids)

    def finished(response: Any) -> Any:
        if request.headers.get("Go-Wrong") == "late":
            unexpected()
        return finish(response)

    service.inbox, planning.make_ready, edges._finish = listed, ready, finished


if __name__ == "__main__":
    talk()
    go_wrong_when_asked()
    cli.main(sys.argv[1:])
