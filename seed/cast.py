"""The people of the demo who keep their names, because logins, the tour and tests know them."""

from __future__ import annotations

from dataclasses import dataclass

from hub_api.access import Role
from hub_api.households.models import Gender, LegalStatus

Character = tuple[str, int, Gender, LegalStatus]
"""A child: first name, age, gender, legal status."""


@dataclass(frozen=True, slots=True)
class Family:
    """A household whose carer has a demo login of this key."""

    surname: str
    carer: str
    login: str
    children: tuple[Character, ...] = ()


@dataclass(frozen=True, slots=True)
class Cast:
    """Who is known beforehand in a constellation. `beds` are labels with their bedrooms."""

    name: str
    hub: Family
    family: Family
    beds: tuple[tuple[str, str], ...]
    home_authority: str


BELLENDEN = Cast(
    "Bellenden",
    Family("Okafor", "Grace Okafor", "hub_carer"),
    Family(
        "Whitlock",
        "Maureen Whitlock",
        "satellite_carer",
        (
            ("Tyler", 9, Gender.MALE, LegalStatus.SECTION_31),
            ("Amira", 12, Gender.FEMALE, LegalStatus.SECTION_20),
        ),
    ),
    (
        ("Blue room", "Blue room"),
        ("Garden room, by the window", "Garden room"),
        ("Garden room, by the door", "Garden room"),
    ),
    "Kent",
)
GREENDALE = Cast(
    "Greendale",
    Family("Marsh", "Patricia Marsh", "other_hub_carer"),
    Family(
        "Adeyemi",
        "Samuel Adeyemi",
        "other_satellite_carer",
        (("Noah", 14, Gender.MALE, LegalStatus.SECTION_31),),
    ),
    (("Attic room", "Attic room"), ("Front room", "Front room")),
    "Southwark",
)
CASTS = (BELLENDEN, GREENDALE)
LIAISON_WORKER = "Helen Carver"
"""Bellenden's, with a demo login."""
SERVICE_STAFF = {
    "home_duty_staff": ("Joseph Lindqvist", Role.HOME_DUTY_STAFF),
    "programme_manager": ("Ruth Abernathy", Role.PROGRAMME_MANAGER),
    "system_administrator": ("Dev Chatterjee", Role.SYSTEM_ADMINISTRATOR),
}
ORDER = (
    "satellite_carer", "other_satellite_carer", "hub_carer", "other_hub_carer", "liaison_worker",
    "home_duty_staff", "programme_manager", "system_administrator",
)  # fmt: skip
KNOWN = frozenset(
    {LIAISON_WORKER, *(name for name, _ in SERVICE_STAFF.values())}
    | {name for cast in CASTS for name in (cast.name, cast.hub.carer, cast.family.carer)}
    | {child[0] for cast in CASTS for child in cast.family.children}
)
