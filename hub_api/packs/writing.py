"""Writing a section of the pack, and saying that it is still right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uuid_utils.compat import uuid7

from hub_api import child_keys, clock, db
from hub_api.audit import service as audit
from hub_api.encryption import Ciphertext
from hub_api.errors import Conflict, Forbidden, StaleVersion
from hub_api.packs import contents, finding, policy
from hub_api.packs.models import PackSection, Says
from hub_api.tasks import service as tasks
from hub_api.tasks.kinds import TaskKind

if TYPE_CHECKING:
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.packs.contents import SectionIn
    from hub_api.packs.models import Section
    from hub_api.reads import Row


def put_section(
    actor: Actor, child_id: UUID, section: Section, seen_version: int, body: SectionIn
) -> Row:
    """Write the next version of a section; `seen_version` is 0 where there was none.

    Raises `NotFound`, `Forbidden`, `StaleVersion`, `Invalid` for what doesn't fit the section, and
    `Conflict` for a child whose texts were erased.
    """
    rows = _writable(actor, child_id)
    _refuse_stale(rows, section, seen_version)
    content = contents.to_seal(section, body)
    written = _write(actor, rows[0], section, seen_version + 1, content)
    audit.record(
        "child:write_pack",
        actor_id=actor.account_id,
        subject_id=child_id,
        constellation_id=written.constellation_id,
        changed=[section],
    )
    if not contents.missing({section, *(row["section"] for row in rows)}):
        tasks.settle(TaskKind.PACK_DUE, child_id)
    return _answer(written, content)


def confirm_section(actor: Actor, child_id: UUID, section: Section, seen_version: int) -> Row:
    """Say that a section is right today: its next version, with the same words.

    Raises `NotFound`, `Forbidden`, `StaleVersion`, and `Conflict`: nothing to confirm
    (`not_written`), or erased.
    """
    rows = _writable(actor, child_id)
    newest = _refuse_stale(rows, section, seen_version)
    if newest is None:
        raise Conflict(
            "Nobody has written this part of the pack yet, so there is nothing to confirm.",
            code="not_written",
        )
    content = child_keys.reveal(
        PackSection.content,
        newest["id"],
        [child_id],
        Ciphertext(newest["content"]) if newest["content"] is not None else None,
    )
    if newest["content"] is not None and content is None:
        child_keys.refuse_erased([child_id])
    written = _write(actor, rows[0], section, seen_version + 1, content)
    audit.record(
        "child:confirm_pack",
        actor_id=actor.account_id,
        subject_id=child_id,
        constellation_id=written.constellation_id,
        changed=[section],
    )
    return _answer(written, content)


def _writable(actor: Actor, child_id: UUID) -> list[Row]:
    rows = finding.find_pack(actor, child_id)
    if not policy.can_write(actor, rows[0]["household_id"], rows[0]["constellation_id"]):
        raise Forbidden
    return rows


def _refuse_stale(rows: list[Row], section: Section, seen_version: int) -> Row | None:
    """The section as it is; two who write at once are told apart by its unique key."""
    newest = next((row for row in rows if row["section"] == section), None)
    if seen_version != (newest["version"] if newest else 0):
        raise StaleVersion
    return newest


def _write(
    actor: Actor, child: Row, section: Section, version: int, content: str | None
) -> PackSection:
    section_id = uuid7()
    sealed = (
        None
        if content is None
        else child_keys.protect(PackSection.content, section_id, [child["child_id"]], content)
    )
    written = PackSection(
        id=section_id,
        child_id=child["child_id"],
        constellation_id=child["constellation_id"],
        section=section,
        version=version,
        says=Says.NOTHING_TO_TELL if content is None else Says.DETAILS,
        content=sealed,
        confirmed_on=clock.london_today(),
        written_by=actor.account_id,
    )
    db.session().add(written)
    db.session().flush()
    return written


def _answer(written: PackSection, content: str | None) -> Row:
    """The section as it would be read; its writer needs no record of having read it."""
    return {
        "id": written.id,
        "version": written.version,
        "section": written.section,
        "says": written.says,
        **contents.opened(content),
        "confirmed_on": written.confirmed_on,
        "is_to_confirm": False,
        "written_at": written.written_at,
        "written_by": written.written_by,
    }
