"""A worker whose watchdog takes a delivery for abandoned after three seconds instead of thirty."""

from datetime import timedelta

from hub_api import cli
from hub_api.notifications import watchdog

if __name__ == "__main__":
    watchdog.STUCK_AFTER = timedelta(seconds=3)
    cli.main(["worker"])
