"""What is said, in which language."""

from uuid import UUID

import pytest

from hub_api.cli import main
from hub_api.notifications import words
from hub_api.notifications.categories import Category, Severity
from tests.notifications.test_preferences import PATH, put
from tests.sync.phones import CopyingPhone, new

WELSH = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"

msgid "A carer has asked for a sleepover."
msgstr "Mae gofalwr wedi gofyn am gysgu drosodd."

msgid "Booking"
msgstr "Archeb"

msgid "You have a new update."
msgstr "Mae gennych ddiweddariad newydd."

#, fuzzy
msgid "Please open the app now."
msgstr "Nobody has looked at this yet."

msgid "A sleepover has been cancelled."
msgstr ""
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where translations are looked for, with one into Welsh."""
    monkeypatch.setattr(words, "FOLDER", tmp_path)
    (tmp_path / "cy.po").write_text(WELSH)
    words.forget()
    yield tmp_path
    words.forget()


def message(category, language, severity=Severity.ROUTINE):
    return words.message(UUID(int=1), category, severity, language)


@pytest.mark.usefixtures("folder")
class TestALanguage:
    def test_is_a_file(self, folder):
        assert words.languages() == ["en", "cy"]
        (folder / "pt_BR.po").write_text(WELSH)
        assert words.languages() == ["en", "cy", "pt-br"]

    def test_is_spoken_by_the_inbox_of_whoever_chose_it(self, world):
        world.asked()
        for language, said in (
            ("cy", "Mae gofalwr wedi gofyn am gysgu drosodd."),
            ("en", Category.REQUEST_SUBMITTED.words),
        ):
            answer = put(world.hub_carer, language=language)
            assert answer.status_code == 200, answer.json
            (told,) = world.hub_carer.get("/notifications").json["items"]
            assert told["words"] == said
            shown = {one["category"]: one["words"] for one in answer.json["categories"]}
            assert shown["request_submitted"] == said
        assert world.hub_carer.get(PATH).json["languages"] == ["en", "cy"]

    def test_is_spoken_by_what_a_phone_keeps_as_by_the_inbox(self, world):
        world.asked()
        copy = CopyingPhone(world.hub_carer)
        for language in ("cy", "en", "cy"):
            assert put(world.hub_carer, language=language).status_code == 200
            copy.catch_up()
            shown = world.hub_carer.get("/notifications").json["items"]
            assert [*copy.kept["notifications"].values()] == shown
            assert (shown[0]["words"] == Category.REQUEST_SUBMITTED.words) == (language == "en")

    def test_is_all_of_the_preferences_that_changes_what_a_phone_keeps(self, world):
        world.asked()
        copy = CopyingPhone(world.hub_carer)
        copy.settle()
        for time_zone in ("America/Halifax", "Europe/London"):
            assert put(world.hub_carer, time_zone=time_zone).status_code == 200
            assert not new(copy.ask())

    def test_is_spoken_outside_the_app(self):
        """By the locale of a phone, or by what its person chose for e-mails and texts."""
        for language in ("cy", "cy-GB", "cy_GB", "CY-gb"):
            said = message(Category.REQUEST_SUBMITTED, language)
            assert (said.title, said.body) == ("Archeb", "Mae gennych ddiweddariad newydd.")

    @pytest.mark.parametrize("language", ["en", "en-GB", "tlh", "", "../cy", "cy\x00", "c" * 99])
    def test_that_nobody_has_written_is_english(self, language):
        said = message(Category.REQUEST_SUBMITTED, language)
        assert (said.title, said.body) == ("Booking", words.LOOK)

    def test_leaves_to_english_what_it_does_not_say(self):
        assert words.in_language("A sleepover has been cancelled.", "cy") == (
            "A sleepover has been cancelled."
        )
        assert message(Category.RETURN_LATE, "cy", Severity.URGENT).body == words.LOOK_NOW

    def test_of_a_region_goes_before_that_of_all(self, folder):
        (folder / "cy_GB.po").write_text(WELSH.replace("Archeb", "Archebu"))
        assert message(Category.REQUEST_SUBMITTED, "cy-GB").title == "Archebu"
        assert message(Category.REQUEST_SUBMITTED, "cy").title == "Archeb"

    def test_of_a_broken_file_is_english(self, folder):
        for broken in (b'msgid "Booking\nmsgstr', b"\xff\xfe\x00"):
            (folder / "cy.po").write_bytes(broken)
            words.forget()
            assert message(Category.REQUEST_SUBMITTED, "cy").title == "Booking"


class TestTheTemplate:
    def test_is_fresh(self):
        path = words.FOLDER / words.TEMPLATE
        assert path.read_text() == words.template(), "make it anew: make words"

    def test_has_all_that_is_said(self):
        for said in (*(category.words for category in Category), words.LOOK, words.LOOK_NOW):
            assert f'msgid "{said}"' in words.template().replace('"\n"', "")

    def test_is_written_and_checked_by_a_command(self, tmp_path, monkeypatch, capsys):
        monkeypatch.setattr(words, "FOLDER", tmp_path)
        main(["words"], standalone_mode=False)
        assert (tmp_path / "hub.pot").read_text() == words.template()
        main(["words", "--check"], standalone_mode=False)
        (tmp_path / "hub.pot").write_text("")
        with pytest.raises(SystemExit):
            main(["words", "--check"])
        assert "make words" in capsys.readouterr().err

    def test_is_no_language(self):
        assert words.languages() == ["en"]
