"""People who keep records about consent, and what they write."""

from typing import Any

import pytest

from tests.phone import Phone

PLAN = {"giver": "delegated_by_authority", "how": "placement_plan", "starts_on": "2026-01-01"}
PROCEEDINGS = {"kind": "care_proceedings", "starts_on": "2026-01-01"}


@pytest.fixture
def liaison(world) -> Phone:
    return world.phone(world.here.liaison_worker)


@pytest.fixture
def child(world) -> Any:
    """The family's first, for whom the placement plan delegates the say."""
    return world.here.family.children[0]


@pytest.fixture
def plan(liaison, child) -> dict[str, Any]:
    """The consent the child has from the beginning."""
    (found,) = liaison.get(f"/children/{child}/consents").json["items"]
    return found


def change(phone: Phone, path: str, seen: dict[str, Any], **body: Any) -> Any:
    """Change an object as it was seen."""
    return phone.send("PATCH", path, body, If_Match=f'"{seen["version"]}"')


def withdraw(phone: Phone, consent: dict[str, Any]) -> Any:
    path = f"/consents/{consent['id']}/withdraw"
    return phone.post(path, If_Match=f'"{consent["version"]}"')
