"""What each section may say: plain functions."""

import pytest

from hub_api.errors import Invalid
from hub_api.packs import contents
from hub_api.packs.models import Section
from tests.factories.packs import MUM, section_body

NOTHING = {"says": "nothing_to_tell", "text": None, "chosen": [], "contacts": []}


def complaints(section, **changes):
    """The fields that are complained about."""
    try:
        contents.to_seal(section, {**section_body(section), **changes})
    except Invalid as refusal:
        return set(refusal.members["errors"])
    return set()


@pytest.mark.parametrize("section", Section)
class TestEverySection:
    def test_comes_back_as_it_was_sealed(self, section):
        body = section_body(section, "Grüße.\nZwei Zeilen.")
        again = contents.opened(contents.to_seal(section, body))
        assert {"says": "details", **again} == body

    def test_says_something_or_nothing(self, section):
        always = section in contents.ALWAYS_SAYS_SOMETHING
        assert complaints(section, **NOTHING) == ({"says"} if always else set())
        if not always:
            assert contents.to_seal(section, NOTHING) is None

    def test_that_has_nothing_to_tell_tells_nothing(self, section):
        if section not in contents.ALWAYS_SAYS_SOMETHING:
            assert complaints(section, says="nothing_to_tell") >= {"text"}

    def test_takes_no_words_of_another(self, section):
        known = contents.LISTS.get(section)
        for word in contents.PackWord:
            if known is None or word not in known.words:
                assert complaints(section, chosen=[word]) == {"chosen"}

    def test_takes_contacts_where_they_belong(self, section):
        expected = set() if section == Section.CONTACTS else {"contacts"}
        assert complaints(section, contacts=[MUM]) == expected

    def test_has_to_tell_something(self, section):
        assert complaints(section, text=None, chosen=[], contacts=[])


class TestWords:
    def test_of_some_sections_exclude_each_other(self):
        assert complaints(Section.PETS, chosen=["yes_can", "no"]) == {"chosen"}
        assert complaints(Section.PETS, chosen=[]) == {"chosen"}
        assert complaints(Section.RISKS_TO_CHILD, chosen=["self_harm", "going_missing"]) == set()

    def test_other_takes_words_of_ones_own(self):
        assert complaints(Section.RISKS_TO_CHILD, chosen=["other"], text=None) == {"text"}
        assert complaints(Section.RISKS_TO_CHILD, chosen=["other"]) == set()


class TestTheMinimum:
    def test_is_part_of_the_pack_and_comes_right_after_whom_to_avoid(self):
        first, *others = Section
        assert first == Section.PEOPLE_AND_PLACES_TO_AVOID
        assert tuple(others)[: len(contents.MINIMUM)] == contents.MINIMUM

    def test_is_what_is_missing_until_it_is_there(self):
        assert contents.missing([], contents.MINIMUM) == [*contents.MINIMUM]
        assert contents.missing([*contents.MINIMUM], contents.MINIMUM) == []
        assert len(contents.missing([*contents.MINIMUM])) == len(Section) - len(contents.MINIMUM)
