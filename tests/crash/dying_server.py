"""An API process that kills itself at the step its caller names.

The parent holds the listening socket and forks; a child serves, and the next one takes its place
when it dies. `Die-At: before record` kills, `Go-Wrong: job elsewhere` breaks a promise on purpose.
"""

import logging
import os
import signal
from collections.abc import Callable
from functools import wraps
from typing import Any

import psycopg
from flask import has_request_context, request
from werkzeug.serving import make_server

from hub_api import create_app, db, jobs, settings
from hub_api.audit import service as audit
from hub_api.constellations import service as constellations
from hub_api.notifications import service as notifications
from hub_api.sleepovers import service as sleepovers

STEPS = {
    "lock": (constellations, "lock_hub_home"),
    "book": (sleepovers, "book"),
    "record": (audit, "record"),
    "notify": (notifications, "notify"),
    "defer": (jobs, "defer"),
    "commit": (db, "_commit"),
}


def say(words: str) -> None:
    os.write(1, f"{words}\n".encode())


def is_asked(header: str, words: str) -> bool:
    return has_request_context() and request.headers.get(header) == words


def die_if_asked(moment: str) -> None:
    if is_asked("Die-At", moment):
        say(moment)
        os.kill(os.getpid(), signal.SIGKILL)


def make_mortal(owner: Any, name: str, step_name: str) -> None:
    step = getattr(owner, name)

    @wraps(step)
    def mortal(*args: Any, **kwargs: Any) -> Any:
        die_if_asked(f"before {step_name}")
        answer = step(*args, **kwargs)
        die_if_asked(f"after {step_name}")
        return answer

    setattr(owner, name, mortal)


def make_fallible() -> None:
    """Ways to break the promise of one transaction, so that the tests can show they notice."""
    record, driver_connection = audit.record, db.driver_connection

    def record_and_commit(*args: Any, **kwargs: Any) -> None:
        record(*args, **kwargs)
        if is_asked("Go-Wrong", "commit early"):
            db.session().commit()

    def connection_elsewhere() -> Any:
        if not is_asked("Go-Wrong", "job elsewhere"):
            return driver_connection()
        url = settings.current().required_database().api
        return psycopg.connect(url, autocommit=True, options=db.CONNECTION_OPTIONS)

    audit.record, db.driver_connection = record_and_commit, connection_elsewhere


def serve_in_a_child(serve_forever: Callable[[], None]) -> int:
    child = os.fork()
    if child == 0:
        serve_forever()
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def main() -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    make_fallible()
    for step_name, (owner, name) in STEPS.items():
        make_mortal(owner, name, step_name)
    server = make_server("127.0.0.1", 0, create_app())
    say(str(server.port))
    while True:
        say(f"exit {serve_in_a_child(server.serve_forever)}")


if __name__ == "__main__":
    main()
