"""What a section of the pack may say, and what is sealed of it. Plain functions, no database.

The words to choose from are the value lists of the public placements data standard, v2, of
18 July 2025 (github.com/SocialCareData/placements-standard, specification.md): communication and
language, cultural needs, who the child can be cared for alongside, pets, and the risks. Where the
standard has "no known risk" for every single risk, the section says that there is nothing to tell;
what it leaves to free text is free text here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypedDict, cast

import orjson

from hub_api.errors import Invalid
from hub_api.packs.models import Says, Section

if TYPE_CHECKING:
    from collections.abc import Collection

MINIMUM = (
    Section.ALLERGIES,
    Section.EMERGENCY_MEDICATION,
    Section.MEDICATION,
    Section.RISKS_TO_CHILD,
    Section.RISKS_FROM_CHILD,
    Section.CONTACTS,
)
"""What an emergency can't begin without: allergies, medication, risks, contacts (domain.md §3)."""


class PackWord(StrEnum):
    """A word to choose in a section that has a list of them."""

    ESOL = "esol"
    BSL = "bsl"
    MAKATON = "makaton"
    REQUIRED = "required"
    NOT_REQUIRED = "not_required"
    SOLO = "solo_recommended"
    WITH_OTHERS = "with_other_children_recommended"
    ONLY_WITH_OLDER = "only_with_older_children"
    ONLY_WITH_YOUNGER = "only_with_younger_children"
    NO_PREFERENCE = "no_preference"
    MUST = "yes_must"
    CAN = "yes_can"
    NO = "no"
    SELF_HARM = "self_harm"
    SEXUAL_EXPLOITATION = "sexual_exploitation"
    CRIMINAL_EXPLOITATION = "criminal_exploitation"
    DRUG_AND_ALCOHOL_USE = "drug_and_alcohol_use"
    EATING_DISORDER = "eating_disorder"
    GOING_MISSING = "going_missing"
    PHYSICAL_HARM = "physical_harm"
    SEXUAL_HARM = "sexual_harm"
    FIRE_SETTING = "fire_setting"
    HARM_TO_ANIMALS = "harm_to_animals"
    NOT_KNOWN = "not_known"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class WordList:
    """The words of one section, and how many of them are chosen."""

    words: frozenset[PackWord]
    least: int = 1
    most: int = 20


_W = PackWord
LISTS: dict[Section, WordList] = {
    Section.COMMUNICATION: WordList(
        frozenset({_W.ESOL, _W.BSL, _W.MAKATON, _W.OTHER}), least=0
    ),
    Section.FAITH_AND_CULTURE: WordList(
        frozenset({_W.REQUIRED, _W.NOT_REQUIRED, _W.NOT_KNOWN, _W.OTHER}), most=1
    ),
    Section.CARED_FOR_ALONGSIDE: WordList(
        frozenset(
            {_W.SOLO, _W.WITH_OTHERS, _W.ONLY_WITH_OLDER, _W.ONLY_WITH_YOUNGER, _W.NO_PREFERENCE}
        ),
        most=1,
    ),
    Section.PETS: WordList(frozenset({_W.MUST, _W.CAN, _W.NO, _W.NOT_KNOWN}), most=1),
    Section.RISKS_TO_CHILD: WordList(
        frozenset(
            {
                _W.SELF_HARM, _W.SEXUAL_EXPLOITATION, _W.CRIMINAL_EXPLOITATION,
                _W.DRUG_AND_ALCOHOL_USE, _W.EATING_DISORDER, _W.GOING_MISSING, _W.OTHER,
            }
        )
    ),
    Section.RISKS_FROM_CHILD: WordList(
        frozenset(
            {
                _W.PHYSICAL_HARM, _W.SEXUAL_HARM, _W.FIRE_SETTING, _W.HARM_TO_ANIMALS,
                _W.CRIMINAL_EXPLOITATION, _W.OTHER,
            }
        )
    ),
}  # fmt: skip

ALWAYS_SAYS_SOMETHING = frozenset(
    {Section.CONTACTS, Section.MISSING_PLAN, Section.CARED_FOR_ALONGSIDE, Section.PETS}
)
"""Sections that there is always something to tell in: for every child there is somebody to ring and
a plan for when the child is missing, and the standard asks for the other two of every child."""


class Contact(TypedDict):
    """Somebody to ring: `schemas.ContactIn`. Never an address."""

    name: str
    who: str
    telephone: str


class SectionIn(TypedDict):
    """What is sent of a section: `schemas.PackSectionIn`."""

    says: Says
    text: str | None
    chosen: list[PackWord]
    contacts: list[Contact]


class Content(TypedDict):
    """What is sealed of a section."""

    text: str | None
    chosen: list[str]
    contacts: list[Contact]


class Prescription(TypedDict):
    """What is sealed of a medicine."""

    name: str
    dose: str
    instructions: str | None


NOTHING: Content = {"text": None, "chosen": [], "contacts": []}
"""What is shown of a section that says there is nothing to tell, or whose words were erased."""


def to_seal(section: Section, body: SectionIn) -> str | None:
    """What to seal of a section, as JSON; None when it says that there is nothing to tell.

    Raises `Invalid` for what does not fit this section.
    """
    errors = _errors(section, body)
    if errors:
        raise Invalid(errors={name: [words] for name, words in errors.items()})
    if body["says"] == Says.NOTHING_TO_TELL:
        return None
    content = {"text": body["text"], "chosen": body["chosen"], "contacts": body["contacts"]}
    return orjson.dumps(content).decode()


def opened(content: str | None) -> Content:
    """A section's content from what was sealed; `NOTHING` when there is none any more."""
    return NOTHING if content is None else cast("Content", orjson.loads(content))


def _errors(section: Section, body: SectionIn) -> dict[str, str]:
    """What is wrong with what was sent, by field."""
    if body["says"] == Says.NOTHING_TO_TELL:
        if section in ALWAYS_SAYS_SOMETHING:
            return {"says": "There is always something to tell here. Please write it down."}
        return {
            name: "Please leave this out when there is nothing to tell."
            for name, value in body.items()
            if name != "says" and value
        }
    if body["contacts"] and section is not Section.CONTACTS:
        return {"contacts": "Please write these into the section for contacts."}
    if section is Section.CONTACTS and not body["contacts"]:
        return {"contacts": "Please give at least one person to ring."}
    return _errors_of_words(section, body["chosen"], body["text"]) or _errors_of_text(body)


def _errors_of_words(
    section: Section, chosen: Collection[PackWord], text: str | None
) -> dict[str, str]:
    known = LISTS.get(section, WordList(frozenset(), least=0, most=0))
    if not known.words.issuperset(chosen):
        allowed = ", ".join(sorted(known.words)) or "none"
        return {"chosen": f"Please choose from the words of this section: {allowed}."}
    if not known.least <= len(chosen) <= known.most:
        return {"chosen": "Please choose one." if known.most == 1 else "Please choose some."}
    if PackWord.OTHER in chosen and text is None:
        return {"text": "Please say what it is."}
    return {}


def _errors_of_text(body: SectionIn) -> dict[str, str]:
    if not (body["text"] or body["chosen"] or body["contacts"]):
        return {"text": "Please write down what there is to tell, or that there is nothing."}
    return {}


def missing(there: Collection[str], needed: Collection[Section] = tuple(Section)) -> list[Section]:
    """The sections that nobody has written yet, in the order of the pack."""
    return [section for section in needed if section not in there]
