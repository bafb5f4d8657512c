"""A thousand random packs through encryption, rotation and erasure."""

import random
import string

import pytest
from uuid_utils.compat import uuid7

from hub_api import child_keys, clock, db
from hub_api.encryption import Ciphertext
from hub_api.households import service as households
from hub_api.packs import contents
from hub_api.packs.models import PackSection, Says, Section
from tests.factories.packs import section_body

PACKS = 1000
LETTERS = string.printable + "äéßøłçğ’“”–…£€中文عربيहिन्दी😀👩‍👧\u202e\u200d"  # noqa: RUF001 - on purpose


def random_pack(dice):
    """Some sections with texts of any kind, as they are to be sealed."""
    for section in dice.sample([*Section], dice.randint(1, 2)):
        text = "".join(dice.choices(LETTERS, k=dice.randint(1, 300)))
        yield section, contents.to_seal(section, section_body(section, text))


def seal_packs(world, dice):
    """A thousand packs of four children; child and text by the id of the row."""
    children = [*world.here.family.children, *world.here.neighbours.children]
    version, written = 0, {}
    for _ in range(PACKS):
        child = dice.choice(children)
        for section, text in random_pack(dice):
            version, section_id = version + 1, uuid7()
            sealed = child_keys.protect(PackSection.content, section_id, [child], text)
            db.session().add(
                PackSection(
                    id=section_id,
                    child_id=child,
                    constellation_id=world.here.id,
                    section=section,
                    version=version,
                    says=Says.DETAILS,
                    content=sealed,
                    confirmed_on=clock.london_today(),
                    written_by=world.here.family.carer,
                )
            )
            written[section_id] = (child, text)
    return written


@pytest.fixture
def opened(owner, rows):
    """Open every section there is."""

    def read():
        stored = rows("select id, child_id, content from pack_sections")
        with db.transaction(owner):
            texts = child_keys.reveal_all(
                PackSection.content,
                [(row.id, [row.child_id], Ciphertext(bytes(row.content))) for row in stored],
            )
        return {row.id: text for row, text in zip(stored, texts, strict=True)}

    return read


@pytest.mark.usefixtures("child")
def test_packs_come_back_until_they_are_erased(world, owner, settings, opened, rows):
    with db.transaction(owner):
        written = seal_packs(world, random.Random(20261122))
    everything = {section_id: text for section_id, (_, text) in written.items()}
    assert len(everything) >= PACKS
    assert opened() == everything

    before = rows("select id, content from pack_sections order by id")
    child_keys.rotate(settings)
    assert rows("select id, content from pack_sections order by id") == before
    assert opened() == everything

    gone = world.here.family.children[0]
    with db.transaction(owner):
        assert households.erase_texts(gone)
    left = {id_: None if child == gone else text for id_, (child, text) in written.items()}
    assert opened() == left
    assert None in left.values()
    assert any(left.values())


def test_an_erased_pack_says_nothing_and_takes_nothing(world, owner, child, path):
    phone = world.carer
    body = section_body("diet", "Only beige food.")
    assert phone.send("PUT", f"{path}/diet", body, If_Match='"0"').status_code == 200
    medicine = {"name": "Calpol", "dose": "5 ml", "as_needed": True}
    assert phone.post(f"/children/{child}/medicines", medicine).status_code == 201
    with db.transaction(owner):
        households.erase_texts(child)
    pack = phone.get(path).json
    assert [section["text"] for section in pack["sections"]] == [None]
    assert [found["name"] for found in pack["medicines"]] == [None]
    for answer in (
        phone.send("PUT", f"{path}/diet", body, If_Match='"1"'),
        phone.post(f"{path}/diet/confirm", If_Match='"1"'),
        phone.post(f"/children/{child}/medicines", medicine),
    ):
        assert (answer.status_code, answer.json["code"]) == (409, "child_erased")
