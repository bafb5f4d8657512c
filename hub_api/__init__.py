"""The Mockingbird hub: a REST API, its worker and its data.

`create_app()` reads as a table of contents of the API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub_api.api import Blueprint, HubFlask
    from hub_api.settings import Settings

__version__ = "0.1.0"
API_PREFIX = "/api/v1"


def create_app(settings: Settings | None = None) -> HubFlask:
    """Make the WSGI app. Raises `SettingsError` when something it needs is missing."""
    from hub_api import (  # noqa: F401 - guards listen from their import on
        data_keys,
        db,
        edges,
        errors,
        guards,
        token_keys,
        tokens,
    )
    from hub_api import settings as hub_settings
    from hub_api.api import HubFlask
    from hub_api.declarations import refuse_undeclared_routes

    chosen = hub_settings.use(settings or hub_settings.from_environment())
    app = HubFlask("hub_api", static_folder=None)
    app.url_map.merge_slashes = False  # an odd address is not there, rather than somewhere else
    app.engine = db.make_engine(chosen.required_database().api, connections=chosen.api_threads)
    tokens.init_app(app, chosen, token_keys.TokenRing(chosen.keys_path))
    data_keys.ring(data_keys.CHILDREN)  # better no API than one that can't read a note
    edges.init_app(app, chosen)
    register_routes(app)
    errors.init_app(app)
    refuse_undeclared_routes(app)
    return app


def register_routes(app: HubFlask) -> None:
    """Every slice's routes, and the operators' pages beside them."""
    from hub_api import openapi
    from hub_api.api import HubApi
    from hub_api.consents.pages import blp as consent_pages
    from hub_api.declarations import refuse_undeclared_slices
    from hub_api.operations.pages import blp as docs
    from hub_api.operations.routes import blp as operations

    api = HubApi(app, spec_kwargs=openapi.spec_options(__version__))
    openapi.register_components(api.spec)
    found = slices()
    refuse_undeclared_slices(found)
    for slice_ in found:
        api.register_blueprint(slice_, url_prefix=f"{API_PREFIX}{slice_.url_prefix or ''}")
    app.register_blueprint(operations)
    app.register_blueprint(docs)
    app.register_blueprint(consent_pages)


def slices() -> tuple[Blueprint, ...]:
    """Every slice's part of the API, in the order of its document."""
    from hub_api.accounts.routes import blp as accounts
    from hub_api.audit.routes import blp as audit
    from hub_api.consents.routes import blp as consents
    from hub_api.constellations.routes import blp as constellations
    from hub_api.households.routes import blp as households
    from hub_api.households.routes import records_blp as family_records
    from hub_api.notifications import preferences_routes
    from hub_api.notifications import routes as notifications
    from hub_api.sync.routes import blp as sync
    from hub_api.tasks.routes import blp as tasks

    return (
        accounts,
        constellations,
        households,
        family_records,
        consents,
        *_slices_of_stays(),
        notifications.blp,
        notifications.devices_blp,
        preferences_routes.blp,
        tasks,
        sync,
        audit,
    )


def _slices_of_stays() -> tuple[Blueprint, ...]:
    from hub_api.break_glass.routes import blp as break_glass
    from hub_api.care.routes import blp as care
    from hub_api.concerns.routes import blp as concerns
    from hub_api.emergencies import routes as emergencies
    from hub_api.packs.routes import blp as packs
    from hub_api.respite.routes import blp as respite
    from hub_api.sleepovers.routes import blp as sleepovers
    from hub_api.sleepovers.routes import calendar

    return (
        respite,
        emergencies.blp,
        emergencies.asks_blp,
        sleepovers,
        calendar,
        packs,
        break_glass,
        care,
        concerns,
    )
