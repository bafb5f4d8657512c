"""How many pushes a worker's threads send a second, against the stand-in for Google.

The stand-in runs in this process, so the first column is what the library and the interpreter's
lock allow, halved by the stand-in's own work; the second is with 50 ms to an answer, as over the
internet.

    python -m bench.pushes [PUSHES]
"""

from __future__ import annotations

import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from uuid_utils.compat import uuid7

from hub_api.notifications import fcm
from hub_api.notifications.categories import Topic
from hub_api.notifications.channels import Ending, Message, Recipient
from tests.standins.fcm import Fcm as StandIn
from tests.standins.server import Reply

THREADS = (1, 2, 4, 8, 16)
DELAYS = (0.0, 0.05)
PUSHES = 500


def send(channel: fcm.Fcm, number: int) -> Ending:
    message = Message(
        notification_id=uuid7(),
        topic=Topic.BOOKING,
        title="Booking",
        body="You have a new update.",
        lasts=timedelta(hours=2),
        is_urgent=False,
    )
    return channel.send(message, Recipient(kind="fid", address=f"phone-{number}")).ending


def rate(channel: fcm.Fcm, threads: int, pushes: int) -> float:
    """Pushes a second; every one must be accepted."""
    with ThreadPoolExecutor(threads) as pool:
        begins = time.perf_counter()
        endings = {*pool.map(lambda number: send(channel, number), range(pushes))}
        seconds = time.perf_counter() - begins
    if endings != {Ending.ACCEPTED}:
        raise SystemExit(f"Not all were accepted: {endings}")
    return pushes / seconds


def main(pushes: int) -> None:
    with tempfile.TemporaryDirectory() as folder, StandIn() as google:
        channel = fcm.from_settings(google.channels(Path(folder)))
        send(channel, 0)
        print("threads " + "".join(f"{f'{1000 * delay:.0f} ms':>10}" for delay in DELAYS))
        for threads in THREADS:
            rates = []
            for delay in DELAYS:
                google.always = Reply(body={"name": "projects/p/messages/1"}, delay=delay)
                rates.append(rate(channel, threads, pushes))
            print(f"{threads:<8}" + "".join(f"{found:>8.0f}/s" for found in rates))
        print(f"{len(google.pushes)} pushes, {google.token_requests} token request")
        channel.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else PUSHES)
