"""Every slice's guards, imported so that they listen: see `hub_api.changes`.

Whatever changes places or families imports this: the app, and whoever works without it.
"""

from hub_api.emergencies import guards as emergencies
from hub_api.households import guards as households
from hub_api.respite import guards as respite
from hub_api.sleepovers import guards as sleepovers

__all__ = ["emergencies", "households", "respite", "sleepovers"]
