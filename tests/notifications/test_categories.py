"""Every category is declared whole, and tells those it says it tells, and nobody else."""

import ast
import inspect
from datetime import timedelta
from uuid import UUID

import pytest
import time_machine

from hub_api.access import Role
from hub_api.notifications import categories, channels, words
from hub_api.notifications.categories import Category, Severity, Topic
from tests.factories.concerns import concern_body
from tests.factories.requests import change, decide, held, liaison, stay
from tests.phone import in_days
from tests.sleepovers.stays import act, arrival, begun

NOBODY, DAY = UUID(int=1), timedelta(days=1)


@pytest.mark.parametrize("category", list(Category))
class TestEveryCategory:
    def test_is_declared_whole(self, category):
        assert isinstance(category.topic, Topic)
        assert category.topic in words.TITLES
        assert isinstance(category.severity, Severity)
        assert timedelta(minutes=30) <= category.lasts <= timedelta(days=7)
        assert category.told
        assert set(category.told) <= set(Role)
        assert len(category.words) > 20
        assert category.words.endswith(".")

    def test_is_known_to_the_database(self, rows, category):
        (rule,) = rows(
            "select pg_get_constraintdef(oid) as words from pg_constraint"
            " where conname = 'ck_notification_category_known'"
        )
        assert f"'{category}'" in rule.words

    def test_says_constant_words_and_no_others(self, category):
        """Whatever it is about, what leaves the house differs in the opaque id alone."""
        assert not {"{", "}", "%", "$", "\n"} & set(category.words)
        for severity in Severity:
            found = words.message(NOBODY, category, severity, "en")
            assert found.title in words.TITLES.values()
            assert found.body in {words.LOOK, words.LOOK_NOW}
            assert (found.notification_id, found.topic) == (NOBODY, category.topic)
            assert (found.lasts, found.is_urgent) == (category.lasts, severity == "urgent")


def test_a_message_has_no_room_for_more():
    assert set(channels.Message.__dataclass_fields__) == {
        "notification_id", "topic", "title", "body", "lasts", "is_urgent", "may_be_repeat"
    }  # fmt: skip


def test_words_are_written_in_the_code_and_put_together_nowhere():
    tree = ast.parse(inspect.getsource(categories))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr | ast.Mod)]


# --- who is told -----------------------------------------------------------------------------

SATELLITE, HUB, LIAISON = Role.SATELLITE_CARER, Role.HUB_CARER, Role.LIAISON_WORKER
MANAGER = Role.PROGRAMME_MANAGER


def asked(world):
    return world.asked()


def asked_of_nobody(world):
    """While there is no hub carer, the liaison worker hears of it."""
    phone = world.phone(world.staff[Role.PROGRAMME_MANAGER])
    account = phone.get(f"/accounts/{world.here.hub_carer}")
    (role,) = account.json["roles"]
    path = f"/roles/{role['id']}/end"
    ended = phone.post(path, {}, If_Match=account.headers["ETag"])
    assert ended.status_code == 200, ended.json
    world.asked()


def accepted(world):
    world.booked()


def longer(world):
    return held(world)


def approved(world):
    decide(liaison(world), held(world), "approve", {"reason": "Nobody else can."})


def declined(world):
    decide(world.hub_carer, world.asked(), "decline", {"reason": "other"})


def declined_by_the_liaison_worker(world):
    decide(liaison(world), held(world), "decline", {"reason": "other"})


def withdrawn(world):
    decide(world.carer, world.asked(), "withdraw", {"reason": "other"})


def withdrawn_while_it_awaits_approval(world):
    decide(world.carer, held(world), "withdraw", {"reason": "other"})


def changed(world):
    assert change(world.carer, world.asked(), **stay(20)).status_code == 200


def rescheduled_by_the_liaison_worker(world):
    request = {"id": world.booked()["request_id"]}
    assert change(liaison(world), request, **stay(20)).status_code == 200


def rescheduled_by_the_hub(world):
    request = {"id": world.booked()["request_id"]}
    assert change(world.hub_carer, request, **stay(20)).status_code == 200


def cancelled_by_the_carer(world):
    booked = world.booked()
    act(world, booked, "cancel", {"reason": "child_unwell"}, at=arrival(booked) - DAY, by="carer")


def cancelled_by_the_hub(world):
    booked = world.booked()
    act(world, booked, "cancel", {"reason": "hub_unable"}, at=arrival(booked) - DAY)


def extended_by_the_hub(world):
    longer = {"departs_at": in_days(9, hour=10)}
    booked = world.booked()
    act(world, booked, "extend", longer, at=arrival(booked) - DAY)


def extended_by_the_liaison_worker(world):
    longer = {"departs_at": in_days(9, hour=10)}
    booked = world.booked()
    act(world, booked, "extend", longer, at=arrival(booked) - DAY, by="liaison_worker")


def ended_early_by_the_hub(world):
    there = begun(world, nights=3)
    act(world, there, "end-early", {"reason": "child_unwell"}, at=arrival(there) + DAY)


def ended_early_by_the_liaison_worker(world):
    there = begun(world, nights=3)
    body = {"reason": "child_unwell"}
    act(world, there, "end-early", body, at=arrival(there) + DAY, by="liaison_worker")


def consent_withdrawn(world):
    """After a stay was confirmed with it."""
    child = world.booked()["child"]["id"]
    (consent,) = liaison(world).get(f"/children/{child}/consents").json["items"]
    liaison(world).post(f"/consents/{consent['id']}/withdraw", If_Match='"1"')


def answered_behind_a_link(world):
    child, night = world.here.family.children[0], in_days(7)[:10]
    body = {"giver": "social_worker", "first_night": night, "last_night": night}
    link = liaison(world).post(f"/children/{child}/consent-links", body).json
    form = {"answer": "no", "name": "Dana"}
    world.app.test_client().post(f"/consent/{link['token']}", data=form)


def write(world, stay, what, body, by):
    """Somebody writes about a stay that has begun."""
    with time_machine.travel(arrival(stay) + DAY / 24, tick=False):
        answer = world.phone(by).post(f"/sleepovers/{stay['id']}/{what}", body)
        assert answer.status_code == 201, answer.json
    return answer.json


def packed_by_the_carer(world):
    write(world, begun(world), "handovers", {"kind": "handover"}, world.here.family.carer)


def packed_by_the_hub(world):
    write(world, begun(world), "handovers", {"kind": "return"}, world.here.hub_carer)


def hurt(world):
    body = {"kind": "accident", "account": "A graze."}
    write(world, begun(world), "incidents", body, world.here.hub_carer)


def missed_at_the_hub(world):
    return write(world, begun(world), "missing-episodes", {}, world.here.hub_carer)


def missed_by_the_carer(world):
    write(world, begun(world), "missing-episodes", {}, world.here.family.carer)


def back(world, by):
    episode = missed_at_the_hub(world)
    with time_machine.travel(episode["noticed_at"], tick=False):
        answer = world.phone(by).post(f"/missing-episodes/{episode['id']}/returned", {})
        assert answer.status_code == 200, answer.json


def back_at_the_hub(world):
    back(world, world.here.hub_carer)


def back_at_home(world):
    back(world, world.here.family.carer)


def concerned(world):
    about = {"about_account_id": world.here.hub_carer}
    body = concern_body(world.here.family.children[0], **about)
    return world.carer.post("/concerns", body).json["id"]


def more_concerned(world):
    path = f"/concerns/{concerned(world)}/addenda"
    assert world.carer.post(path, {"words": "And again today."}).status_code == 201


STORIES = {
    asked: (Category.REQUEST_SUBMITTED, {HUB}),
    asked_of_nobody: (Category.REQUEST_SUBMITTED, {LIAISON}),
    accepted: (Category.REQUEST_ACCEPTED, {SATELLITE}),
    longer: (Category.APPROVAL_NEEDED, {LIAISON}),
    approved: (Category.REQUEST_ACCEPTED, {SATELLITE}),
    declined: (Category.REQUEST_DECLINED, {SATELLITE}),
    declined_by_the_liaison_worker: (Category.REQUEST_DECLINED, {SATELLITE, HUB}),
    withdrawn: (Category.REQUEST_WITHDRAWN, {HUB}),
    withdrawn_while_it_awaits_approval: (Category.REQUEST_WITHDRAWN, {HUB, LIAISON}),
    changed: (Category.REQUEST_CHANGED, {HUB}),
    rescheduled_by_the_liaison_worker: (Category.REQUEST_CHANGED, {SATELLITE, HUB}),
    rescheduled_by_the_hub: (Category.REQUEST_CHANGED, {SATELLITE}),
    cancelled_by_the_carer: (Category.SLEEPOVER_CANCELLED, {HUB}),
    cancelled_by_the_hub: (Category.SLEEPOVER_CANCELLED, {SATELLITE}),
    extended_by_the_hub: (Category.SLEEPOVER_EXTENDED, {SATELLITE}),
    extended_by_the_liaison_worker: (Category.SLEEPOVER_EXTENDED, {SATELLITE, HUB}),
    ended_early_by_the_hub: (Category.SLEEPOVER_ENDED_EARLY, {SATELLITE}),
    ended_early_by_the_liaison_worker: (Category.SLEEPOVER_ENDED_EARLY, {SATELLITE, HUB}),
    consent_withdrawn: (Category.CONSENT_MISSING, {SATELLITE, HUB, LIAISON}),
    answered_behind_a_link: (Category.LINK_ANSWERED, {LIAISON}),
    packed_by_the_carer: (Category.HANDOVER_WRITTEN, {HUB}),
    packed_by_the_hub: (Category.HANDOVER_WRITTEN, {SATELLITE}),
    hurt: (Category.INCIDENT_RECORDED, {SATELLITE, LIAISON}),
    missed_at_the_hub: (Category.MISSING_REPORTED, {SATELLITE, LIAISON}),
    missed_by_the_carer: (Category.MISSING_REPORTED, {HUB, LIAISON}),
    back_at_the_hub: (Category.MISSING_RETURNED, {SATELLITE, LIAISON}),
    back_at_home: (Category.MISSING_RETURNED, {HUB, LIAISON}),
    concerned: (Category.CONCERN_RAISED, {LIAISON, MANAGER}),
    more_concerned: (Category.CONCERN_ADDED_TO, {LIAISON, MANAGER}),
}
"""What somebody does over HTTP, what is told of it, and to whom."""

ALSO = {approved: (Category.REQUEST_APPROVED, {HUB})}
"""What else the same action tells."""

BY_TIME = {
    Category.REQUEST_EXPIRED, Category.SLEEPOVER_TOMORROW, Category.HANDOVER_DUE,
    Category.RETURN_DUE, Category.RETURN_LATE, Category.SLEEPOVER_AWAITED,
}  # fmt: skip
"""Told when time comes: tests/respite/test_expiring.py, tests/sleepovers/test_reminders.py,
tests/care/test_missing.py."""

IN_EMERGENCIES = {category for category in Category if category.startswith("emergency")}
"""Whom they tell: tests/emergencies."""

OF_RECORDS = {Category.RECORD_OPENED, Category.PACK_DUE}
"""Told to those who oversee and to the child's carers: tests/break_glass, tests/emergencies."""

BY_THE_HUB = {
    Category.DEVICE_STOPPED, Category.DEVICE_TAKEN_OVER, Category.MORNING_DIGEST, Category.PUSH_TEST
}  # fmt: skip
"""About the telling itself, to whoever it concerns."""


ABOUT = {
    "request": "respite_requests", "approval": "respite_requests", "sleepover": "sleepovers",
    "consent": "sleepovers", "link": "consent_links", "handover": "sleepovers",
    "incident": "incidents", "missing": "missing_episodes", "concern": "concerns",
}  # fmt: skip
"""By how a category begins: where its subject is found (docs/app-developer.md)."""


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_what_happens_is_told_to_those_and_nobody_else(world, rows, story):
    story(world)
    by_role = {
        world.here.family.carer: SATELLITE,
        world.here.hub_carer: HUB,
        world.here.liaison_worker: LIAISON,
        world.staff[MANAGER]: MANAGER,
    }
    told = {}
    ids = {table: {row.id for row in rows(f"select id from {table}")} for table in ABOUT.values()}
    for row in rows("select account_id, category, subject_id from notifications"):
        assert row.subject_id in ids[ABOUT[row.category.partition("_")[0]]]
        told.setdefault(row.category, set()).add(by_role.get(row.account_id, "somebody else"))
    for category, people in filter(None, (STORIES[story], ALSO.get(story))):
        assert told[category] == people


def test_every_category_says_whom_its_stories_tell():
    told = {}
    for category, people in (*STORIES.values(), *ALSO.values()):
        told.setdefault(category, set()).update(people)
    assert {category: set(category.told) for category in told} == told
    assert set(told) | BY_TIME | IN_EMERGENCIES | OF_RECORDS | BY_THE_HUB == set(Category)
    for category in BY_THE_HUB:
        assert set(category.told) == set(Role)
