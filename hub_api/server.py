"""The HTTP server: waitress, which reads a whole request before it takes a thread for it.

A phone at the edge of reception sends half a request and stops; it costs a buffer, not a thread
(measured: docs/decisions/0003). One process serves with a few threads; for more, start more of them
on the same port, as `hub run` does.
"""

from __future__ import annotations

import errno
import signal
import socket
from typing import TYPE_CHECKING

from hub_api.settings import SettingsError

if TYPE_CHECKING:
    from hub_api.settings import Settings


def refuse_taken_port(host: str, port: int) -> None:
    """Raise `SettingsError` when somebody already listens there, or nobody can."""
    try:
        _listen(host, port, shared=False).close()
    except PermissionError:
        raise SettingsError(
            f"Port {port} is kept for the system. Choose one above 1023: HUB_PORT=8000"
        ) from None
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise SettingsError(
                f"HUB_HOST={host} is no address of this machine. To be reached from this machine "
                "alone use 127.0.0.1, from others 0.0.0.0."
            ) from None
        raise SettingsError(
            f"Port {port} on {host} is in use. Stop the program that uses it, or choose another "
            f"port: HUB_PORT={port + 1 if port < 65535 else 8000}"
        ) from None


def _listen(host: str, port: int, *, shared: bool) -> socket.socket:
    """A listening socket; shared, the system deals connections out to all that share the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


def run(settings: Settings) -> None:
    """Serve the API until told to stop; requests in hand are finished first."""
    from hub_api import create_app, doctor
    from hub_api.serving import Serving

    doctor.refuse_unsafe_roles(settings)
    app = create_app(settings)
    if not settings.supervised:
        refuse_taken_port(settings.host, settings.port)
    listener = _listen(settings.host, settings.port, shared=settings.supervised)
    serving = Serving(
        app, listener, settings.api_threads, behind_proxy=settings.trusted_proxies > 0
    )
    signal.signal(signal.SIGTERM, serving.stop)
    signal.signal(signal.SIGINT, serving.stop)
    serving.run()
