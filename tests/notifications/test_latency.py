"""From a commit to the first attempt to push; `make bench-push` is the same at length."""

import pytest

from bench import push
from tests.running.program import addresses

PATIENT = 10.0
"""Seconds allowed to one in a hundred on a machine that runs other tests as well."""


@pytest.mark.usefixtures("app")
def test_a_notification_is_tried_soon_after_its_commit(owner, settings, tmp_path, capsys):
    environment = {
        **addresses(settings.required_database()),
        "HUB_DATA_DIR": settings.data_dir,
        "HUB_SUPERVISED": 1,
    }
    found = push.measure(owner, environment, tmp_path, rate=20, seconds=3)
    with capsys.disabled():
        print(f"\n20 a second for 3 s: {found}")
    assert found.lost == 0
    assert found.quantile(0.99) < PATIENT
