"""Every slice's guards, imported so that they listen: see `hub_api.changes`.

Whatever changes places or families imports this: the app, and whoever works without it.
"""

from hub_api.emergencies import guards as emergencies
from hub_api.households import guards as households
from hub_api.packs import guards as packs
from hub_api.respite import guards as respite
from hub_api.sleepovers import guards as sleepovers
from hub_api.sleepovers import reconsidering as stays_ahead

__all__ = ["emergencies", "households", "packs", "respite", "sleepovers", "stays_ahead"]
