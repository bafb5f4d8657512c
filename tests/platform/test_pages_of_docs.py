"""What pages of docs/ list is all there is: one that is behind misleads whoever relies on it."""

from pathlib import Path

import pytest

from hub_api import jobs
from hub_api.notifications.categories import Category, Severity
from hub_api.notifications.words import TITLES

DOCS = Path(__file__).parents[2] / "docs"


def page(name: str) -> str:
    return (DOCS / f"{name}.md").read_text()


@pytest.mark.parametrize("category", Category)
def test_every_notification_is_on_the_safeguarding_leads_page(category):
    (row,) = (line for line in page("safeguarding-lead").splitlines() if f"`{category}`" in line)
    assert ("**" in row) == (category.severity is Severity.URGENT), "urgent ones are in bold"


def test_every_title_of_a_locked_screen_is_on_the_safeguarding_leads_page():
    words = " ".join(page("safeguarding-lead").split())
    assert [title for title in TITLES.values() if f"*{title}*" not in words] == []


def test_every_job_of_the_clock_is_on_the_operators_page():
    jobs.app.perform_import_paths()
    names = {each.task.name for each in jobs.app.periodic_registry.periodic_tasks.values()}
    assert len(names) > 5
    assert [name for name in sorted(names) if f"`{name}`" not in page("operator")] == []
