"""The id of the running request or job, carried through logs, audit rows and problems."""

from __future__ import annotations

import re
from contextvars import ContextVar

from uuid_utils.compat import uuid7

_request_id: ContextVar[str] = ContextVar("hub_request_id", default="")
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{8,64}")


def request_id() -> str:
    """The id of what is running now, or an empty string outside of any request or job."""
    return _request_id.get()


def begin(offered: str | None = None) -> str:
    """Start a request or job under the id its caller offered, or under a new one.

    A caller's id is taken only if it is plain: it will be written to logs.
    """
    chosen = offered if offered and _ACCEPTABLE.fullmatch(offered) else str(uuid7())
    _request_id.set(chosen)
    return chosen
