"""Nothing personal is pushed, logged, counted or kept on the way to a phone.

Every reply Google has is given, with the phone's address quoted in it, as Google does at times.
"""

import json

import pytest

from hub_api.notifications.categories import Topic
from tests.canaries.planting import plant
from tests.notifications.conftest import Town
from tests.running.program import Program, addresses, wait_until
from tests.standins import fcm
from tests.standins.fcm import Fcm

DEBUGGING = (
    "-c",
    "import hub_api.cli as c, tests.canaries.talkative as t; t.talk(); c.main(['worker'])",
)
REPLIES = [
    fcm.UNREGISTERED, fcm.NO_PROJECT, fcm.BAD_ADDRESS, fcm.BAD_MESSAGE, fcm.WRONG_SENDER,
    fcm.INTERNAL, fcm.UNAVAILABLE, fcm.quota(), fcm.HANGS_UP,
]  # fmt: skip
KEPT = ["audit_events", "deliveries", "notifications", "procrastinate_jobs"]
DUE = "select from deliveries where state in ('queued', 'sending') and attempts = 0"

SAID = {"Booking", "Your phone", "Your inbox", "You have a new update.", "Please open the app now."}
"""All that may be read on a locked screen."""


@pytest.fixture
def google():
    with Fcm() as stand_in:
        yield stand_in


@pytest.fixture
def canaries(owner, world, settings, google):
    """Every personal value is a secret, each phone's address too; each answers differently."""
    found, _ = plant(owner, world, settings.keys_path, settings.data_keys_path)
    town = Town(owner)
    for number, reply in enumerate([None, *REPLIES]):
        address = found.add("a phone's address", f"address-{number}-{'x' * 20}")
        name = found.add("an installation", f"installation-{number}-{'x' * 20}")
        town.phone(world.here.hub_carer, address=address, installation_id=name)
        if reply is not None:
            google.will_answer(address, reply)
    town.prefer(world.here.hub_carer, mobile=found.add("a number", "+447700900123"))
    return found


def words_of(push):
    """A push without the address that it goes to."""
    return json.dumps({name: it for name, it in push.message.items() if name != push.kind})


class TestWhatIsPushed:
    def test_gives_nobody_away(
        self, canaries, world, google, settings, owner, rows, tmp_path, capsys
    ):
        given = google.channels(tmp_path)
        with Program(
            DEBUGGING,
            tmp_path / "worker.log",
            **addresses(settings.required_database()),
            HUB_DATA_DIR=settings.data_dir,
            HUB_FCM_CREDENTIALS_FILE=given.fcm_credentials_file,
            HUB_FCM_URL=given.fcm_url,
            CANARY="not asked for",
        ) as worker:
            world.asked(note=canaries.new("note"))
            faults = self.wait(worker, owner, rows)
            said = worker.said()
        http = world.app.test_client()
        left = {
            "the worker's log": said,
            "pushes": "\n".join(map(words_of, google.pushes)),
            "figures": http.get("/metrics").text + http.get("/readyz").text,
            **{table: self.kept(rows, table) for table in KEPT},
            "channel_faults": faults,
        }
        with capsys.disabled():
            print(
                f"\n{len(canaries)} canaries, {len(google.pushes)} pushes answered in "
                f"{len(REPLIES) + 1} ways, {sum(map(len, left.values()))} characters: 0 found"
            )
        assert {place: canaries.found_in(text) for place, text in left.items()} == {
            place: set() for place in left
        }
        assert {push.address for push in google.pushes} >= {
            f"address-{number}-{'x' * 20}" for number in range(len(REPLIES) + 1)
        }
        assert [place for place, text in left.items() if not text] == []
        for push in google.pushes:
            self.says_little(push.message)

    def says_little(self, message):
        assert set(message["notification"].values()) <= SAID
        assert set(message["data"]) == {"nid", "category"}
        assert message["data"]["category"] in set(Topic)

    def wait(self, worker, owner, rows):
        """Until all have been tried; returns the faults there were. The next push that is accepted
        takes the fault of its channel away."""
        faults = set()

        def is_done():
            faults.add(self.kept(rows, "channel_faults"))
            return worker.is_running and self.is_idle(owner, rows)

        wait_until(is_done, within=60)
        return "\n".join(faults)

    def is_idle(self, owner, rows):
        """Whether all have been tried once. Who waits for the circuit to close is let through."""
        with owner.begin() as connection:
            connection.exec_driver_sql("update channel_faults set probe_at = opened_at")
        return rows("select from deliveries") and not rows(DUE)

    def kept(self, rows, table):
        schema = "jobs." if table.startswith("procrastinate") else ""
        return "\n".join(row.text for row in rows(f"select t::text as text from {schema}{table} t"))
