"""The HTTP server: granian, which keeps slow phones off the workers (docs/decisions/0003)."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import socket
from typing import TYPE_CHECKING

from hub_api import crypto
from hub_api.settings import SettingsError

if TYPE_CHECKING:
    from hub_api.settings import Settings


def refuse_taken_port(host: str, port: int) -> None:
    """Raise `SettingsError` when somebody already listens there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            raise SettingsError(
                f"Port {port} is kept for the system. Choose one above 1023: HUB_PORT=8000"
            ) from None
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise SettingsError(
                    f"HUB_HOST={host} is no address of this machine. To be reached from this "
                    "machine alone use 127.0.0.1, from others 0.0.0.0."
                ) from None
            raise SettingsError(
                f"Port {port} on {host} is in use. Stop the program that uses it, or choose "
                f"another port: HUB_PORT={port + 1 if port < 65535 else 8000}"
            ) from None


def run(settings: Settings) -> None:
    """Serve the API until told to stop; requests in hand get up to 30 s to finish."""
    from granian import Granian
    from granian.constants import Interfaces

    settings.required_database()
    crypto.load_token_keys(settings.keys_path)
    refuse_taken_port(settings.host, settings.port)
    figures = settings.data_dir / f"metrics-{settings.port}"
    shutil.rmtree(figures, ignore_errors=True)
    figures.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(figures)
    Granian(
        "hub_api.server:app_of_worker",
        factory=True,
        interface=Interfaces.WSGI,
        address=settings.host,
        port=settings.port,
        workers=settings.api_processes,
        blocking_threads=settings.api_threads,
        respawn_failed_workers=True,
        workers_kill_timeout=30,
        websockets=False,
        log_access=False,
    ).serve()


def app_of_worker() -> object:
    """The app of one server process."""
    from hub_api import create_app, logs, processes

    # granian forks: until it sets its own handlers, the parent's would swallow a stop.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    processes.leave_with_parent()
    logs.configure()
    return create_app()
