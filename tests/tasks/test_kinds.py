"""What a slice declares when it adds a kind of task."""

from datetime import timedelta

import pytest

from hub_api.access import OVERSEEING, ROLE_PERMISSIONS, Permission
from hub_api.tasks.kinds import TaskKind


@pytest.mark.parametrize("kind", TaskKind)
class TestEveryKind:
    def test_has_words_for_the_person(self, kind):
        assert kind.words == kind.words.strip()
        assert kind.words[0].isupper()
        assert kind.words.endswith(".")
        assert "{" not in kind.words, "the words say nothing about anybody"

    def test_is_for_a_role_that_may_see_and_do_it(self, kind):
        assert kind.role in OVERSEEING, "the policy and ck_task_role_known go by these"
        assert ROLE_PERMISSIONS[kind.role] >= {Permission.TASK_READ, Permission.TASK_DO}

    def test_is_due_some_time(self, kind):
        assert timedelta() < kind.due_within <= timedelta(days=90)

    def test_is_written_as_one_word(self, kind):
        assert str(kind) == kind.name.lower()


def test_no_two_kinds_say_the_same():
    assert len({kind.words for kind in TaskKind}) == len(TaskKind)


@pytest.mark.parametrize("declared", [("x",), ("x", "Words."), ("x", "Words.", "liaison_worker")])
def test_a_kind_without_all_of_them_can_not_be_declared(declared):
    with pytest.raises(TypeError, match="missing"):
        TaskKind.__new_member__(TaskKind, *declared)
