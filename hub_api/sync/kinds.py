"""What a phone may keep a copy of, and which lists it may not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub_api.constellations import service as constellations
from hub_api.households import service as households
from hub_api.notifications import service as notifications
from hub_api.respite import service as respite
from hub_api.sleepovers import service as sleepovers
from hub_api.tasks import service as tasks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hub_api.synced import Synced

KINDS: Sequence[Synced] = (
    *constellations.SYNCED,
    *households.SYNCED,
    *respite.SYNCED,
    *sleepovers.SYNCED,
    *notifications.SYNCED,
    *tasks.SYNCED,
)
"""In the order in which a phone gets them when it starts anew: what others point at comes first."""

NOT_SYNCED = {
    "listAccounts": "for whoever manages accounts, who is online to do it",
    "listAddenda": "as for concerns",
    "listAdults": "the household names them; their certificates are for the record keepers",
    "listApprovals": "records, kept online",
    "listAuditEvents": "never on a phone",
    "listBeds": "the calendar is asked for as it is at that moment: no old one may be believed",
    "listBlockedNights": "part of the calendar",
    "listBreakGlass": "reasons are sealed, and read one by one",
    "listConsentFlags": "as for consents",
    "listConsentLinks": "says who has answered; asked for when somebody waits for an answer",
    "listConsents": "records, kept online: no old one may be believed",
    "listDebriefs": "a child's own words: sealed, and read one stay at a time",
    "listConcerns": "the person it is about may live in the same house: never kept on a phone",
    "listDevices": "asked for when somebody looks at the phones they are reached by",
    "listEmergencies": "asked for as it is at that moment: no old one may be believed",
    "listEmergencyAsks": "as for emergencies",
    "listFosteringExemptions": "records, kept online",
    "listHandovers": "sealed, and true of that moment alone",
    "listHubAppointments": "records, kept online; the constellation shows today's hub home",
    "listIncidents": "sealed, and read one stay at a time",
    "listKeptApart": "says who the other child is: never kept on a phone",
    "listMedication": "never an old one: somebody might give a dose twice",
    "listMemberships": "records, kept online",
    "listMissingEpisodes": "sealed, and true of that moment alone",
    "listOutings": "true of that moment alone",
    "listPackSectionVersions": "a pack is never kept on a phone",
    "listOverrides": "reasons are sealed, and read one by one",
    "listPeople": "asked for by whoever writes a concern down, and not kept beside it",
    "listSessions": "asked for when somebody looks for a lost phone",
    "listSharingAgreements": "as for children kept apart",
    "listStayEntries": "sealed, and read one stay at a time",
}
"""Lists by operation that no phone keeps a copy of, and why."""
