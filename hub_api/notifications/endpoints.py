"""Where push to browsers may go: an endpoint is an address that somebody gave us.

Asked when a browser registers, and again before each push: what was let in once may not be by now.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_ENDPOINT = re.compile(
    r"(?P<service>https://(?P<host>[a-z0-9]([a-z0-9.-]*[a-z0-9])?))(:443)?/[!-\[\]-~]*"
    r"|(?P<here>https?://(?P<loopback>127\.0\.0\.1|localhost):[0-9]{1,5})/[!-\[\]-~]*",
    re.ASCII,
)
"""No user before the host, no other port, no backslash: what is checked is where it goes. A server
on this very machine may be without TLS and on any port, for those who test; its name has to be
among the hosts like any other."""


def service_at(endpoint: str, hosts: Iterable[str]) -> str | None:
    """The origin of an endpoint at one of these hosts or below it; None for any other."""
    found = _ENDPOINT.fullmatch(endpoint)
    if found is None:
        return None
    host = found["host"] or found["loopback"]
    is_known = any(host == known or host.endswith(f".{known}") for known in hosts)
    return (found["service"] or found["here"]) if is_known else None
