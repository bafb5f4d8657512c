"""A worker killed between committing seals and anchoring them: no alarm, and the next makes up."""

import signal
from pathlib import Path
from typing import Any

import pytest

from hub_api.audit import anchor
from tests.running.program import HUB, Program, hub, wait_until

DYING = str(Path(__file__).parent / "dying_worker.py")
SEALED = "select from audit_sealing() where oldest_unsealed_at is null and sealed > 0"


@pytest.fixture
def environment(worker_environment: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    return {**worker_environment, "HUB_AUDIT_ANCHOR_FILE": tmp_path / "anchor.log"}


class TestAWorkerKilledBeforeAnchoring:
    def test_raises_no_alarm_and_the_next_anchors_what_it_sealed(
        self, world, rows, environment, tmp_path
    ):
        path = tmp_path / "anchor.log"
        anchor.append(path, anchor.Head(0, bytes(32), "-"))
        world.booked()
        with Program((DYING, "before anchoring"), tmp_path / "dying.log", **environment) as worker:
            assert worker.ends() == -signal.SIGKILL
        (left,) = rows("select sealed from audit_sealing()")
        assert left.sealed > 0
        assert anchor.last(path).seq == 0
        said = hub("audit", "verify", **environment)
        assert (said.returncode, said.stderr) == (0, ""), said.stdout
        assert f"verified: {left.sealed}." in said.stdout

        with Program((*HUB, "worker"), tmp_path / "next.log", **environment):
            wait_until(lambda: rows(SEALED))
            wait_until(lambda: anchor.last(path).seq >= left.sealed)
        assert hub("audit", "verify", **environment).returncode == 0

    def test_which_would_be_an_alarm_if_the_tail_were_cut(
        self, world, rows, owner, environment, tmp_path
    ):
        """The control: the same command finds what is really gone, and says where."""
        world.booked()
        with Program((*HUB, "worker"), tmp_path / "worker.log", **environment):
            wait_until(lambda: rows(SEALED))
            (whole,) = rows("select sealed from audit_sealing()")
            wait_until(lambda: (anchor.last(tmp_path / "anchor.log") or whole).seq >= whole.sealed)
        (last,) = rows("select event_id from audit_seals order by seq desc limit 1")
        with owner.begin() as connection:
            connection.exec_driver_sql("delete from audit_seals where seq > 1")
            connection.exec_driver_sql(
                "delete from audit_events where id not in (select event_id from audit_seals)"
            )
        said = hub("audit", "verify", **environment)
        assert said.returncode == 1
        assert said.stdout.startswith("tail_cut: the chain ends at seal 1, but seal ")
        assert str(last.event_id) not in said.stdout

    def test_needs_its_secrets_to_start(self, environment, tmp_path):
        environment["HUB_DATA_KEYS_FILE"] = tmp_path / "none.json"
        for command in (("worker",), ("audit", "verify")):
            said = hub(*command, **environment)
            assert said.returncode == 1
            assert said.stderr.startswith("Error: There are no data keys at ")
            assert said.stderr.count("\n") == 1

    def test_must_have_an_anchor(self, world, rows, environment, tmp_path):
        world.booked()
        with Program((*HUB, "worker"), tmp_path / "worker.log", **environment):
            wait_until(lambda: rows(SEALED))
        elsewhere = tmp_path / "shipped" / "anchor.log"
        said = hub("audit", "verify", "--anchor", elsewhere, **environment)
        assert said.returncode == 1
        assert said.stdout.startswith(
            f"anchor_missing: there are seals, but no anchor at {elsewhere}"
        )
