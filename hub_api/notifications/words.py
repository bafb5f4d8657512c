"""What is said to people, in their language.

English is in the code and is the key of every translation (`categories.py`, and the two sentences
below). A language is a file, `translations/<language>.po`, read at its first use: there is nothing
to compile. `make words` writes the template it starts from. What a language doesn't say is said in
English.
"""

from __future__ import annotations

import io
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from babel.messages.catalog import Catalog
from babel.messages.pofile import PoFileError, read_po, write_po

from hub_api.notifications.categories import Category, Severity, Topic
from hub_api.notifications.channels import Message

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

log = structlog.get_logger(__name__)

FOLDER = Path(__file__).resolve().parents[1] / "translations"
TEMPLATE = "hub.pot"
ENGLISH = "en"

TITLES = {
    Topic.BOOKING: "Booking",
    Topic.RECORD: "Records",
    Topic.CARE: "Sleepover",
    Topic.WORK: "Your work",
    Topic.PHONE: "Your phone",
    Topic.DIGEST: "Your inbox",
}
LOOK = "You have a new update."
LOOK_NOW = "Please open the app now."
"""All that is said outside the app: a title by topic, and one of two sentences."""

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}")


# --- for everybody who says something --------------------------------------------------------


def in_language(english: str, language: str) -> str:
    """Words of ours in a language (BCP 47: cy, pt-BR), or in English where they aren't said."""
    for catalogue in _catalogues(FOLDER, language):
        if english in catalogue:
            return catalogue[english]
    return english


def message(notification_id: UUID, category: Category, severity: str, language: str) -> Message:
    """What leaves the house about a notification, in one language.

    On a phone that is the phone's own (`Device.locale`); in e-mails and text messages it is the
    person's (`NotificationPreferences.language`).
    """
    is_urgent = severity == Severity.URGENT
    return Message(
        notification_id=notification_id,
        topic=category.topic,
        title=in_language(TITLES[category.topic], language),
        body=in_language(LOOK_NOW if is_urgent else LOOK, language),
        lasts=category.lasts,
        is_urgent=is_urgent,
    )


def languages() -> list[str]:
    """The languages there are, English first."""
    found = {_tag(path.stem) for path in FOLDER.glob("*.po")}
    return [ENGLISH, *sorted(found - {ENGLISH})]


# --- catalogues ------------------------------------------------------------------------------


def _tag(name: str) -> str:
    return name.replace("_", "-").lower()


@cache
def _catalogues(folder: Path, language: str) -> tuple[Mapping[str, str], ...]:
    """Those that speak a language, the closest first: of cy-GB, cy-GB and cy."""
    tag = _tag(language)
    if not _LANGUAGE.fullmatch(tag):
        return ()
    parts = tag.split("-")
    closest_first = ["-".join(parts[:length]) for length in range(len(parts), 0, -1)]
    files = {_tag(path.stem): path for path in folder.glob("*.po")}
    return tuple(_read(files[name]) for name in closest_first if name in files)


@cache
def _read(path: Path) -> Mapping[str, str]:
    """What a file says of ours; nothing, and a line in the log, when it can't be read."""
    try:
        found = read_po(io.StringIO(path.read_text(encoding="utf-8")), abort_invalid=True)
    except (PoFileError, ValueError) as error:
        log.error("translation_unreadable", language=path.stem, error=type(error).__name__)
        return {}
    said = {str(entry.id): str(entry.string) for entry in found if not entry.fuzzy}
    return {english: words for english, words in said.items() if english and words}


def forget() -> None:
    """Read every language anew at its next use."""
    _catalogues.cache_clear()
    _read.cache_clear()


def template() -> str:
    """The file a new language starts from: everything that is said, and where."""
    catalogue = Catalog(project="Mockingbird hub", version="", charset="utf-8", fuzzy=False)
    for category in Category:
        catalogue.add(category.words, auto_comments=[f"In the inbox: {category}"])
    for title in TITLES.values():
        catalogue.add(title, auto_comments=["On a locked screen: a title"])
    for words in (LOOK, LOOK_NOW):
        catalogue.add(words, auto_comments=["On a locked screen"])
    written = io.BytesIO()
    write_po(written, catalogue, width=100, omit_header=True)
    head = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
    return head + written.getvalue().decode()
