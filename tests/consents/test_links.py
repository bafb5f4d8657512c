"""The page behind a link: what it asks, shows and keeps, and every link that is no more."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine

from hub_api import clock, nights
from hub_api.consents import links
from tests.consents.conftest import PROCEEDINGS, change, withdraw
from tests.factories.requests import decide

YES = {"answer": "yes", "name": "Dana Osei"}


@pytest.fixture
def ask(liaison, child):
    """Make a link about nights so many days ahead."""

    def make(first=7, last=7, **changes):
        today = clock.london_today()
        body = {
            "giver": "social_worker",
            "first_night": str(today + timedelta(days=first)),
            "last_night": str(today + timedelta(days=last)),
            **changes,
        }
        answer = liaison.post(f"/children/{child}/consent-links", body)
        assert answer.status_code == 201, answer.json
        return answer.json

    return make


@pytest.fixture
def browser(app):
    """Somebody without an account, at an address of their own."""

    class Browser:
        def __init__(self, address="192.0.2.7"):
            self.client = app.test_client()
            self.beside = {"environ_base": {"REMOTE_ADDR": address}}

        def look(self, token):
            return self.client.get(f"/consent/{token}", **self.beside)

        def send(self, token, **form):
            return self.client.post(f"/consent/{token}", data=form, **self.beside)

    return Browser


def say_yes(liaison, child, first, last, **body):
    """Record what somebody said otherwise about the nights from one day to another."""
    today = clock.london_today()
    given = {"starts_on": today + timedelta(days=first), "ends_on": today + timedelta(days=last)}
    body |= {name: str(day) for name, day in given.items()}
    return liaison.post(f"/children/{child}/consents", body).status_code


def said(response):
    """Everything an answer says, but for the time of day and how much one has asked."""
    apart = {"Date", "RateLimit", "X-Request-ID"}
    headers = [(name, value) for name, value in response.headers if name not in apart]
    return response.status_code, headers, response.data


class TestThePage:
    def test_asks_and_keeps_the_answer(self, world, ask, browser, liaison, child, rows):
        """From the question to the yes it makes possible."""
        liaison.post(f"/children/{child}/consent-flags", PROCEEDINGS)
        request = world.asked()
        assert decide(world.hub_carer, request, "accept").json["code"] == "consent"
        link = ask()
        page = browser().look(link["token"])
        assert page.status_code == 200
        thanks = browser().send(link["token"], **YES)
        assert (thanks.status_code, "You have agreed" in thanks.text) == (200, True)
        (kept, *_) = liaison.get(f"/children/{child}/consent-links").json["items"]
        assert (kept["answer"], kept["answered_by"], kept["token"]) == ("yes", "Dana Osei", None)
        consent, _plan = liaison.get(f"/children/{child}/consents").json["items"]
        assert (consent["giver"], consent["how"]) == ("social_worker", "by_link")
        assert consent["starts_on"] == link["first_night"]
        assert consent["ends_on"] > link["last_night"]
        assert decide(world.hub_carer, request, "accept").status_code == 200
        audited = "select action from audit_events where action ~ 'consent_link' order by id"
        assert [a for (a,) in rows(audited)] == ["consent_link:create", "consent_link:answer"]
        (sealed,) = rows("select answered_by, token_hash from consent_links")
        assert b"Dana" not in bytes(sealed.answered_by)
        assert link["token"].encode() not in bytes(sealed.token_hash)

    def test_shows_what_they_need_and_no_more(self, ask, browser, rows, child):
        token = ask(first=7, last=8)["token"]
        page = browser().look(token)
        (known,) = rows("select first_name, born_on from children where id = :id", id=child)
        text = re.sub(r"\s+", " ", page.text)
        assert f"{known.first_name}, aged 7, is to stay" in text
        assert "Here constellation on 2 nights, from the night of" in text
        hidden = [str(known.born_on), "Here hub", "Here family household", str(child), token]
        hidden += [name for (name,) in rows("select display_name from accounts")]
        assert [word for word in hidden if word in page.text.replace(known.first_name, "")] == []

    def test_is_for_nobody_to_keep_frame_or_script(self, ask, browser):
        page = browser().look(ask()["token"])
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script" not in page.text + policy
        assert "Set-Cookie" not in page.headers
        style = browser().client.get("/consent/assets/page.css")
        assert (style.status_code, style.mimetype) == (200, "text/css")

    def test_says_what_is_missing_and_asks_again(self, ask, browser, rows):
        token = ask()["token"]
        for form in (
            {},
            {"answer": "yes"},
            {"answer": "perhaps", "name": "Dana"},
            {"answer": "yes", "name": " "},
            {"answer": "no", "name": "D" * 101},
        ):
            again = browser().send(token, **form)
            assert (again.status_code, "Nothing was sent yet" in again.text) == (422, True)
        assert rows("select from consent_links where answered_at is not null") == []
        name = "<b>Dana & Co</b>"
        kept = browser().send(token, name=name).text
        assert 'value="&lt;b&gt;Dana &amp; Co&lt;/b&gt;"' in kept

    def test_keeps_a_no_and_makes_no_consent(self, ask, browser, liaison, child, plan):
        token = ask()["token"]
        thanks = browser().send(token, answer="no", name="Dana Osei")
        assert "You have not agreed" in thanks.text
        (kept,) = liaison.get(f"/children/{child}/consent-links").json["items"]
        assert kept["answer"] == "no"
        assert liaison.get(f"/children/{child}/consents").json["items"] == [plan]

    def test_takes_back_with_a_no_what_was_said_about_these_nights(self, ask, browser, rows):
        """And nothing that was said about others, or by somebody else."""
        for first, last in ((5, 7), (20, 21)):
            assert browser().send(ask(first, last)["token"], **YES).status_code == 200
        assert browser().send(ask(7, 8)["token"], answer="no", name="Dana Osei").status_code == 200
        found = rows(
            "select withdrawn_at is null from consents where how = 'by_link' order by starts_on"
        )
        assert [holds for (holds,) in found] == [False, True]
        withdrawn = rows("select 1 from audit_events where action = 'consent:withdraw'")
        assert len(withdrawn) == 1

    @pytest.mark.parametrize("how", ["by_telephone", "in_writing"])
    def test_takes_back_with_a_no_what_the_same_person_said_otherwise(
        self, ask, browser, liaison, child, rows, how
    ):
        for first, giver in ((7, "social_worker"), (20, "social_worker"), (7, "young_adult")):
            assert say_yes(liaison, child, first, first + 1, giver=giver, how=how) == 201
        assert browser().send(ask()["token"], answer="no", name="Dana Osei").status_code == 200
        found = rows(
            "select giver, withdrawn_at is null from consents where ends_on is not null order by id"
        )
        assert [tuple(row) for row in found] == [
            ("social_worker", False),
            ("social_worker", True),
            ("young_adult", True),
        ]

    def test_has_the_liaison_worker_ask_when_something_else_still_says_yes(
        self, ask, browser, liaison, plan, rows
    ):
        """A plan for every night isn't taken back with one: somebody finds out what counts."""
        tasks = "select subject_id::text, role, due_at from tasks where kind = 'consent_refused'"
        yes = ask(20, 20)
        assert browser().send(yes["token"], **YES).status_code == 200
        assert rows(tasks) == []
        link = ask()
        assert browser().send(link["token"], answer="no", name="Dana Osei").status_code == 200
        ((subject, role, due_at),) = rows(tasks)
        assert (subject, role) == (link["id"], "liaison_worker")
        assert due_at <= clock.now() + timedelta(days=1)
        assert liaison.get("/tasks").json["items"][0]["kind"] == "consent_refused"
        assert withdraw(liaison, plan).status_code == 200
        assert browser().send(ask(20, 20)["token"], answer="no", name="Dana").status_code == 200
        assert len(rows(tasks)) == 1  # nothing says yes to that night any more

    def test_makes_no_consent_to_nights_that_are_over(self, ask, browser, rows):
        today = clock.london_today()
        over = nights.ends_at(today)
        for moment in (over - timedelta(seconds=1), over):
            token = ask(0, 4)["token"]
            with time_machine.travel(moment, tick=False):
                assert browser().send(token, **YES).status_code == 200
        found = rows("select starts_on from consents where how = 'by_link' order by starts_on")
        assert [day for (day,) in found] == [today, today + timedelta(days=1)]

    def test_is_a_word_about_the_night_that_runs(self, ask, browser, rows):
        """The last one asked about, early in the morning: of no other could it be."""
        token, today = ask(0, 0)["token"], clock.london_today()
        with time_machine.travel(nights.ends_at(today) - timedelta(seconds=1), tick=False):
            assert browser().send(token, **YES).status_code == 200
        assert rows("select starts_on from consents where how = 'by_link'") == [(today,)]

    def test_is_a_word_about_no_other_night(self, ask, browser, liaison, child):
        browser().send(ask(7, 8)["token"], **YES)
        items = liaison.get(f"/children/{child}/consents").json["items"]
        (given,) = [consent for consent in items if consent["how"] == "by_link"]
        path = f"/consents/{given['id']}"
        later = str(clock.london_today() + timedelta(days=30))
        for ends_on in (None, later):
            refused = change(liaison, path, given, ends_on=ends_on)
            assert (refused.status_code, refused.json["code"]) == (409, "not_asked_about")
        sooner = str(clock.london_today() + timedelta(days=8))
        assert change(liaison, path, given, ends_on=sooner).status_code == 200

    def test_is_not_answered_once_its_nights_are_over(self, ask):
        ends_at = nights.ends_at(clock.london_today())
        assert ask(0, 0)["expires_at"] == ends_at.isoformat().replace("+00:00", "Z")


class TestALinkThatIsNoMore:
    def test_answers_alike_whatever_its_matter_is(self, world, ask, browser, liaison, child):
        """Answered, run out, taken back, never there, of a child who has moved: byte for byte."""
        used, old, back, moved = (ask()["token"] for _ in range(4))
        assert browser().send(used, **YES).status_code == 200
        nothing = said(browser("192.0.2.8").look("A" * 22))
        assert nothing[0] == 404
        newest = liaison.get(f"/children/{child}/consent-links").json["items"][1]
        assert liaison.send("DELETE", f"/consent-links/{newest['id']}").status_code == 204
        again = liaison.send("DELETE", f"/consent-links/{newest['id']}")
        assert (again.status_code, again.json["code"]) == (409, "wrong_state")
        for token in (used, back, "short", "ö" * 22, used + "A", used.swapcase()):
            assert said(browser("192.0.2.9").look(token)) == nothing
            assert said(browser("192.0.2.10").send(token, **YES)) == nothing
        with time_machine.travel(clock.now() + timedelta(hours=71, minutes=59), tick=False):
            assert browser("192.0.2.11").look(old).status_code == 200
        with time_machine.travel(clock.now() + timedelta(hours=72, minutes=1), tick=False):
            assert said(browser("192.0.2.11").look(old)) == nothing
            assert said(browser("192.0.2.11").send(old, **YES)) == nothing
        manager = world.phone(next(a for r, a in world.staff.items() if r == "programme_manager"))
        home, there = f"/households/{world.here.family.id}", str(world.elsewhere.id)
        assert manager.post_seen(home, {"constellation_id": there}, verb="move").status_code == 200
        assert said(browser("192.0.2.12").look(moved)) == nothing

    def test_is_answered_once_however_many_send_it_at_once(self, ask, browser, rows):
        token = ask()["token"]
        with ThreadPoolExecutor(8) as pool:
            answers = [*pool.map(lambda n: browser(f"192.0.2.{n}").send(token, **YES), range(8))]
        assert sorted(a.status_code for a in answers) == [200] + 7 * [404]
        assert len(rows("select from consents where how = 'by_link'")) == 1

    def test_is_not_to_be_guessed(self, ask, browser):
        """From one address so many wrong ones, and then a kind page; others needn't wait."""
        token = ask()["token"]
        assert len(token) == 22
        guesser = browser()
        found = [guesser.look(f"{n:022}").status_code for n in range(11)]
        assert found == 10 * [404] + [429]
        waits = guesser.send(token, **YES)
        assert (waits.status_code, waits.mimetype) == (429, "text/html")
        assert "wait a little" in waits.text
        assert browser("192.0.2.99").look(token).status_code == 200

    def test_costs_a_right_one_nothing(self, ask, browser):
        patient, token = browser(), ask()["token"]
        assert {patient.look(token).status_code for _ in range(15)} == {200}

    def test_is_known_by_its_fingerprint_alone(self, ask, browser, monkeypatch):
        """The control: what is looked up is not the token."""
        token = ask()["token"]
        monkeypatch.setattr(links, "_fingerprint", lambda token: token.encode())
        assert browser().look(token).status_code == 404


class TestAsking:
    def test_is_for_the_liaison_worker(self, world, child):
        body = {"giver": "social_worker", "first_night": "2099-01-01", "last_night": "2099-01-01"}
        manager = world.phone(next(a for r, a in world.staff.items() if r == "programme_manager"))
        assert manager.post(f"/children/{child}/consent-links", body).status_code == 403
        assert world.carer.post(f"/children/{child}/consent-links", body).status_code == 403

    def test_is_about_nights_to_come(self, liaison, child):
        body = {"giver": "social_worker", "first_night": "2026-01-01", "last_night": "2026-01-02"}
        answer = liaison.post(f"/children/{child}/consent-links", body)
        assert (answer.status_code, answer.json["code"]) == (409, "in_the_past")
        for wrong in (
            {"last_night": "2025-12-31"},
            {"last_night": "2026-04-01"},
            {"giver": "carer"},
        ):
            answer = liaison.post(f"/children/{child}/consent-links", {**body, **wrong})
            assert (answer.status_code, [*answer.json["errors"]]) == (422, [*wrong])

    def test_tells_the_token_once(self, liaison, child):
        night = str(clock.london_today())
        body = {"giver": "social_worker", "first_night": night, "last_night": night}
        path, key = f"/children/{child}/consent-links", {"Idempotency_Key": "k" * 20}
        first, second = (liaison.post(path, body, **key) for _ in range(2))
        assert (first.status_code, second.status_code) == (201, 201)
        assert first.json["token"] is not None
        assert second.json == {**first.json, "token": None}
