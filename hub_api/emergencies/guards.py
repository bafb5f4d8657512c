"""What an emergency does when its request ends without it.

Listeners of `hub_api.changes`; `hub_api.guards` imports them.
"""

from __future__ import annotations

from hub_api import changes, db
from hub_api.emergencies import ladder
from hub_api.emergencies.models import Emergency, EmergencyState
from hub_api.respite.changes import EmergencyEnds


@changes.on(EmergencyEnds)
def stop_asking(change: EmergencyEnds) -> None:
    """Nobody is asked any more, and whoever still was is told so."""
    emergency = db.session().get_one(Emergency, change.request_id)
    db.lock(emergency)
    emergency.end(EmergencyState.ENDED)
    db.session().flush()
    ladder.settle(emergency)
