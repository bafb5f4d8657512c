"""Who is told what becomes of a request. Whoever did it knows it already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub_api.access import Role
from hub_api.accounts import service as accounts
from hub_api.notifications import service as notifications
from hub_api.notifications.categories import Category
from hub_api.tasks import service as tasks
from hub_api.tasks.kinds import TaskKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.respite.models import RespiteRequest


def the_hub_of_a_new_request(request: RespiteRequest) -> None:
    """The hub carers; while there are none, the liaison workers, with a task to find one.

    So no request lands on nobody: without a liaison worker the programme manager has the task.
    """
    told = hub_carers(request)
    if not told:
        told = liaison_workers(request)
        tasks.raise_task(
            TaskKind.HUB_CARER_MISSING,
            constellation_id=request.constellation_id,
            subject_id=request.id,
            no_later_than=request.arrives_at,
        )
    _notify(told, Category.REQUEST_SUBMITTED, request)


def approval_is_needed(actor: Actor, request: RespiteRequest) -> None:
    """The liaison workers, with a task that is due before the children arrive."""
    tasks.raise_task(
        TaskKind.APPROVAL_NEEDED,
        constellation_id=request.constellation_id,
        subject_id=request.id,
        no_later_than=request.arrives_at,
    )
    tell(actor, liaison_workers(request), Category.APPROVAL_NEEDED, request)


def settle_tasks(request: RespiteRequest, *kinds: TaskKind) -> None:
    """Take back what was to be done about a request; by default, everything."""
    for kind in kinds or (TaskKind.HUB_CARER_MISSING, TaskKind.APPROVAL_NEEDED):
        tasks.settle(kind, request.id)


def tell(
    actor: Actor | None, account_ids: Iterable[UUID], category: Category, request: RespiteRequest
) -> None:
    told = {*account_ids} - {actor.account_id if actor else None}
    _notify(told, category, request)


def _notify(account_ids: Iterable[UUID], category: Category, request: RespiteRequest) -> None:
    notifications.notify(
        account_ids,
        category,
        request.id,
        constellation_id=request.constellation_id,
        household_id=request.household_id,
    )


def carers(request: RespiteRequest) -> list[UUID]:
    """Those of the household that asks."""
    return accounts.accounts_holding(Role.SATELLITE_CARER, household_id=request.household_id)


def hub_carers(request: RespiteRequest) -> list[UUID]:
    return accounts.accounts_holding(Role.HUB_CARER, constellation_id=request.constellation_id)


def liaison_workers(request: RespiteRequest) -> list[UUID]:
    return accounts.accounts_holding(Role.LIAISON_WORKER, constellation_id=request.constellation_id)
