"""Phones in somebody's hands: registered by their app, and looked at in the list."""

from typing import Any

from uuid_utils.compat import uuid4

from tests.factories.notifications import phone_body
from tests.phone import Phone


def register(phone: Phone, installation: str | None = None, **changes: Any) -> str:
    """Register a phone; the id it has chosen."""
    installation = installation or str(uuid4())
    answer = phone.send("PUT", f"/devices/{installation}", phone_body(**changes))
    assert answer.status_code == 204, answer.json
    return installation


def listed(phone: Phone) -> list[dict[str, Any]]:
    """What somebody sees of their phones."""
    return phone.get("/devices").json["items"]
