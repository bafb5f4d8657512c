"""Who is told of an emergency. All of it is urgent, and whoever did it knows it already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub_api.access import Role
from hub_api.accounts import service as accounts
from hub_api.notifications import service as notifications
from hub_api.notifications.categories import Category

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from hub_api.emergencies.models import Emergency, EmergencyAsk


def raised(emergency: Emergency) -> None:
    """The liaison worker and whoever is on call, at once."""
    told = responsible(emergency) - {emergency.asked_by}
    _tell(emergency, told, Category.EMERGENCY_RAISED)


def asked(ask: EmergencyAsk) -> None:
    """The hub carers who are to answer."""
    _tell_hub(ask, {*hub_carers(ask)}, Category.EMERGENCY_ASKED)


def placed(emergency: Emergency, by: EmergencyAsk) -> None:
    """Everybody who looked for the bed, and the hub carers of the home that has it."""
    looked = {*carers(emergency), *responsible(emergency)} - {by.answered_by}
    _tell(emergency, looked, Category.EMERGENCY_PLACED)
    _tell_hub(by, {*hub_carers(by)} - looked - {by.answered_by}, Category.EMERGENCY_PLACED)


def settled(ask: EmergencyAsk, *but: UUID) -> None:
    """The hub carers who need not answer any more."""
    _tell_hub(ask, {*hub_carers(ask)} - {*but}, Category.EMERGENCY_SETTLED)


def unplaced(emergency: Emergency) -> None:
    """The carers and everybody responsible: it takes a telephone now."""
    told = {*carers(emergency), *responsible(emergency)}
    _tell(emergency, told, Category.EMERGENCY_UNPLACED)


def _tell(emergency: Emergency, account_ids: Iterable[UUID], category: Category) -> None:
    """Those of the children's own place."""
    notifications.notify(
        account_ids,
        category,
        emergency.id,
        constellation_id=emergency.constellation_id,
        household_id=emergency.household_id,
    )


def _tell_hub(ask: EmergencyAsk, account_ids: Iterable[UUID], category: Category) -> None:
    """Those of the hub that was asked, wherever the children are from."""
    place = ask.hosting_constellation_id
    notifications.notify(account_ids, category, ask.emergency_id, constellation_id=place)


def carers(emergency: Emergency) -> list[UUID]:
    return accounts.accounts_holding(Role.SATELLITE_CARER, household_id=emergency.household_id)


def hub_carers(ask: EmergencyAsk) -> list[UUID]:
    place = ask.hosting_constellation_id
    return accounts.accounts_holding(Role.HUB_CARER, constellation_id=place)


def responsible(emergency: Emergency) -> set[UUID]:
    """The liaison workers, and the managers on call; while nobody is, the programme managers."""
    managers = accounts.accounts_holding(Role.ON_CALL_MANAGER)
    if not managers:
        managers = accounts.accounts_holding(Role.PROGRAMME_MANAGER)
    workers = accounts.accounts_holding(
        Role.LIAISON_WORKER, constellation_id=emergency.constellation_id
    )
    return {*workers, *managers}
