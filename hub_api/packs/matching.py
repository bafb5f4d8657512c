"""What a hub carer sees of the children before deciding: enough to say yes or no, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from hub_api import child_keys, clock, reads
from hub_api.encryption import Ciphertext
from hub_api.packs import contents
from hub_api.packs.finding import note_reading
from hub_api.packs.models import Medicine, PackSection, Says, Section
from hub_api.packs.policy import CHILD
from hub_api.reads import TODAY, parameter
from hub_api.respite import service as respite

if TYPE_CHECKING:
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Row

SHOWN = (Section.ALLERGIES, Section.RISKS_TO_CHILD, Section.RISKS_FROM_CHILD)
_ASKED_OF = (*SHOWN, Section.MEDICATION, Section.EMERGENCY_MEDICATION)


def _summary() -> reads.Select:
    """A row for each child and section, at least one for a child, in the order of the children."""
    children = sa.any_(parameter("children", sa.ARRAY(sa.Uuid())))
    newest = (
        sa.select(
            PackSection.child_id,
            PackSection.id,
            PackSection.section,
            PackSection.says,
            PackSection.content,
        )
        .where(PackSection.child_id == children, PackSection.section.in_(map(str, _ASKED_OF)))
        .ext(distinct_on(PackSection.child_id, PackSection.section))
        .order_by(PackSection.child_id, PackSection.section, PackSection.version.desc())
        .subquery("newest")
    )
    is_given_any = sa.exists().where(
        Medicine.child_id == CHILD.child_id,
        Medicine.is_given(TODAY),
    )
    child = CHILD.child_id.table
    return (
        sa.select(
            CHILD.child_id,
            CHILD.first_name,
            CHILD.age,
            CHILD.gender,
            is_given_any.label("is_given_any"),
            newest.c.id,
            newest.c.section,
            newest.c.says,
            newest.c.content,
        )
        .select_from(child.outerjoin(newest, newest.c.child_id == CHILD.child_id))
        .where(CHILD.child_id == children)
        .order_by(CHILD.child_id, newest.c.section)
    )


SUMMARY = reads.Query(_summary)


def get_matching_summary(actor: Actor, request_id: UUID) -> Row:
    """The children of a request that waits for the actor's answer.

    Raises `NotFound`, `Forbidden` for anybody but the deciding hub carer, and `Conflict` once it is
    answered.
    """
    constellation_id, child_ids = respite.children_to_decide_on(actor, request_id)
    for child_id in child_ids:
        note_reading(actor, "child:read_summary", child_id, constellation_id)
    rows = SUMMARY.rows(children=child_ids, today=clock.london_today())
    shown = [row for row in rows if row["section"] in SHOWN]
    texts = child_keys.reveal_all(
        PackSection.content,
        [(row["id"], [row["child_id"]], _sealed(row["content"])) for row in shown],
    )
    said = {
        (row["child_id"], row["section"]): _brief(row, text)
        for row, text in zip(shown, texts, strict=True)
    }
    children = {row["child_id"]: row for row in rows}
    return {
        "id": request_id,
        "children": [
            {
                "id": child_id,
                "first_name": child["first_name"],
                "age": child["age"],
                "gender": child["gender"],
                **{str(section): said.get((child_id, section)) for section in SHOWN},
                "takes_medication": _takes_medication(child_id, rows),
            }
            for child_id, child in children.items()
        ],
    }


def _sealed(content: bytes | None) -> Ciphertext | None:
    return None if content is None else Ciphertext(content)


def _brief(row: Row, text: str | None) -> dict[str, Any]:
    content = contents.opened(text)
    return {"says": row["says"], "text": content["text"], "chosen": content["chosen"]}


def _takes_medication(child_id: UUID, rows: list[Row]) -> bool | None:
    """Yes, no, or that nobody has said."""
    of_child = [row for row in rows if row["child_id"] == child_id]
    says = {row["section"]: row["says"] for row in of_child}
    told = [says.get(section) for section in (Section.MEDICATION, Section.EMERGENCY_MEDICATION)]
    if of_child[0]["is_given_any"] or Says.DETAILS in told:
        return True
    return None if None in told else False
