"""Every slice's models, imported so that Alembic and the tests see the whole schema."""

from hub_api import child_keys, idempotency, throttles
from hub_api.accounts import models as accounts
from hub_api.audit import models as audit
from hub_api.break_glass import models as break_glass
from hub_api.care import handover_models as care_handovers
from hub_api.care import medicine_models as care_medicines
from hub_api.care import models as care
from hub_api.concerns import models as concerns
from hub_api.consents import models as consents
from hub_api.constellations import models as constellations
from hub_api.db import Base
from hub_api.emergencies import models as emergencies
from hub_api.households import models as households
from hub_api.notifications import models as notifications
from hub_api.packs import models as packs
from hub_api.respite import models as respite
from hub_api.sleepovers import models as sleepovers
from hub_api.sleepovers import sharing
from hub_api.sync import models as sync
from hub_api.tasks import models as tasks

__all__ = [
    "Base",
    "accounts",
    "audit",
    "break_glass",
    "care",
    "care_handovers",
    "care_medicines",
    "child_keys",
    "concerns",
    "consents",
    "constellations",
    "emergencies",
    "households",
    "idempotency",
    "notifications",
    "packs",
    "respite",
    "sharing",
    "sleepovers",
    "sync",
    "tasks",
    "throttles",
]
