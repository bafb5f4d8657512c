"""The pack as one page to print: what it says, in words that a carer reads at the kitchen table."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub_api import clock
from hub_api.packs import contents, reading
from hub_api.packs.contents import PackWord
from hub_api.packs.models import Says, Section

if TYPE_CHECKING:
    from uuid import UUID

    from hub_api.access import Actor

DAY = timedelta(days=1)
STYLE = (Path(__file__).parent / "templates" / "pack.css").read_text()
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
PAGE_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Nothing is loaded and nothing runs: the page is paper, with the one style it brings."""

TITLES = {
    Section.PEOPLE_AND_PLACES_TO_AVOID: "People and places to avoid",
    Section.ALLERGIES: "Allergies",
    Section.EMERGENCY_MEDICATION: "Emergency medication",
    Section.MEDICATION: "Giving medicines",
    Section.RISKS_TO_CHILD: "Risks to the child",
    Section.RISKS_FROM_CHILD: "Risks to others",
    Section.CONTACTS: "Who to ring",
    Section.HEALTH: "Health",
    Section.DIET: "Food and drink",
    Section.ROUTINE_AND_SLEEP: "Routine and sleep",
    Section.COMMUNICATION: "Communication",
    Section.FAITH_AND_CULTURE: "Faith and culture",
    Section.CARED_FOR_ALONGSIDE: "Being with other children",
    Section.PETS: "Pets",
    Section.SCHOOL_RUN: "School run",
    Section.FAMILY_TIME: "Time with family",
    Section.MISSING_PLAN: "If the child is missing",
    Section.CONSENTS: "Consents",
}

VITAL = {Section.PEOPLE_AND_PLACES_TO_AVOID, *contents.MINIMUM}
"""What stands in a frame, also when there is nothing to tell of it."""

_WORDS = {
    PackWord.ESOL: "English as an additional language",
    PackWord.BSL: "British Sign Language",
    PackWord.SOLO: "Best on their own",
    PackWord.WITH_OTHERS: "Best with other children",
    PackWord.MUST: "Has to be with pets",
    PackWord.CAN: "Can be with pets",
    PackWord.NO: "Not with pets",
}
"""Where the word itself isn't what one would say."""


def in_words(word: str) -> str:
    """A chosen word as a person says it."""
    return _WORDS.get(PackWord(word)) or word.replace("_", " ").capitalize()


def get_page(actor: Actor, child_id: UUID) -> dict[str, Any]:
    """What the template is filled with. Raises `NotFound`; written down like every reading."""
    pack = reading.get_pack(actor, child_id)
    current = [s["confirmed_on"] for s in pack["sections"] if not s["is_to_confirm"]]
    told: list[dict[str, Any]] = []
    untold: list[dict[str, Any]] = []
    for section in map(_said, pack["sections"]):
        # What can't be told is said in one line, so that the page stays one page.
        is_short = section["is_nothing"] and not section["is_vital"]
        (untold if is_short and not section["is_to_confirm"] else told).append(section)
    return {
        "child": pack["child"],
        "printed_on": _spoken(clock.london_today()),
        "confirmed_since": _spoken(min(current)) if current else None,
        "missing": [TITLES[section] for section in pack["missing"]],
        "medicines": [
            {
                **medicine,
                "last_on": _spoken(medicine["ends_on"] - DAY) if medicine["ends_on"] else None,
            }
            for medicine in pack["medicines"]
        ],
        "sections": told,
        "nothing_to_tell": [section["title"] for section in untold],
        "style": STYLE,
    }


def _said(section: dict[str, Any]) -> dict[str, Any]:
    """A section of the pack as the page says it."""
    return {
        "title": TITLES[section["section"]],
        "is_vital": section["section"] in VITAL,
        "is_nothing": section["says"] == Says.NOTHING_TO_TELL,
        "text": section["text"],
        "chosen": [in_words(word) for word in section["chosen"]],
        "contacts": section["contacts"],
        "confirmed_on": _spoken(section["confirmed_on"]),
        "is_to_confirm": section["is_to_confirm"],
    }


def _spoken(day: Any) -> str:
    return f"{day.day} {day:%B %Y}"
