"""The printed page: one page, no script, no address, and as hard to open as the pack."""

import re

import pytest

from hub_api import db
from hub_api.packs import page
from hub_api.packs.contents import PackWord
from hub_api.packs.models import Section
from tests.factories.packs import make_medicine, section_body
from tests.packs.conftest import reads

EVIL = '<script>alert(1)</script> & "quotes"'


@pytest.fixture
def printed(world, path):
    return world.carer.get(f"{path}/page")


class TestThePage:
    @pytest.mark.usefixtures("packed")
    def test_says_everything_in_the_order_of_the_pack(self, printed):
        titles = re.findall("<h2>(.*?)</h2>", printed.text)
        assert titles == [*page.TITLES.values(), "Medicines"]
        assert tuple(page.TITLES) == tuple(Section)

    def test_says_what_is_missing(self, printed):
        assert "Nobody has written yet: People and places to avoid, Allergies, " in printed.text

    def test_shows_medicines(self, world, owner, child, path):
        with db.transaction(owner):
            make_medicine(child, world.here.family.carer, is_controlled=True)
        text = world.carer.get(f"{path}/page").text
        assert all(word in text for word in ("Melatonin", "2 mg", "20:00", "(controlled)"))

    def test_runs_nothing_that_somebody_wrote(self, world, path):
        body = section_body("diet", EVIL)
        assert world.carer.send("PUT", f"{path}/diet", body, If_Match='"0"').status_code == 200
        text = world.carer.get(f"{path}/page").text
        assert EVIL not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp;" in text
        assert "<script" not in text

    def test_loads_nothing(self, printed):
        policy = printed.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert printed.headers["Cache-Control"] == "no-store"
        assert not re.search("(src|href|url)[=(]", printed.text)

    def test_brings_the_style_that_its_policy_names(self, printed):
        (style,) = re.findall("<style>(.*?)</style>", printed.text, re.DOTALL)
        assert style == page.STYLE

    @pytest.mark.usefixtures("packed")
    def test_is_opened_like_the_pack(self, world, path, rows):
        assert world.hub_carer.get(f"{path}/page").status_code == 404
        assert reads(rows) == []
        assert world.carer.get(f"{path}/page").status_code == 200
        assert [event.actor_id for event in reads(rows)] == [world.here.family.carer]


@pytest.mark.parametrize("word", PackWord)
def test_every_word_is_said_as_a_person_would(word):
    said = page.in_words(word)
    assert said[0].isupper()
    assert "_" not in said
