"""What row-level security should be, as PostgreSQL prints it."""

CONSTELLATIONS = (
    "ANY (( SELECT (NULLIF(current_setting('hub.constellations'::text, true), ''::text))::uuid[]"
    ' AS "nullif")::uuid[])'
)
"""As PostgreSQL prints it. The sub-select is the point: bare, it is worked out for every row."""
ACCOUNT = (
    "( SELECT (NULLIF(current_setting('hub.account'::text, true), ''::text))::uuid AS \"nullif\")"
)
OURS = f"(constellation_id = {CONSTELLATIONS})"
HOSTED = f"(hosting_constellation_id = {CONSTELLATIONS})"
ITSELF = f"(id = {CONSTELLATIONS})"
THE_SERVICES = (
    "((constellation_id IS NULL) AND ( SELECT"
    " (current_setting('hub.oversees_service'::text, true) = 'true'::text)))"
)
OVERSEES = "( SELECT (current_setting('hub.oversees_service'::text, true) = 'true'::text))"
MINE = f"(account_id = {ACCOUNT})"

SERVING = (
    "ANY (ARRAY( SELECT a.hub_home_id\n   FROM hub_appointments a\n"
    f"  WHERE (a.constellation_id = {CONSTELLATIONS})))"
)
"""The hub homes that serve the actor's constellations: an interim one may be the next one's."""

SERVED = (
    "ANY (ARRAY( SELECT a.hub_home_id\n   FROM hub_appointments a\n"
    f"  WHERE ((a.constellation_id = {CONSTELLATIONS})"
    " AND ((a.ends_on IS NULL) OR ((a.ends_on + 30) > CURRENT_DATE)))))"
)
"""Those that serve them, or did within a month."""

UNHIDDEN = "((hidden_from IS NULL) OR (NOT (hidden_from && ( SELECT known_as() AS known_as))))"
"""What is kept from nobody, or neither from the actor nor from their household."""

ITS_CONCERN = "(EXISTS ( SELECT\n   FROM concerns c\n  WHERE (c.id = concern_addenda.concern_id)))"
"""By the policy of that table, so what is added is hidden where the concern is."""
SLEEPS_HERE = (
    "(sleepover_id = ANY (ARRAY( SELECT sleepovers.id\n   FROM sleepovers\n"
    f"  WHERE (sleepovers.hosting_constellation_id = {CONSTELLATIONS}))))"
)
HOSTING = (
    "(id = ANY (ARRAY( SELECT s.hub_home_id\n   FROM sleepovers s\n"
    f"  WHERE ((s.constellation_id = {CONSTELLATIONS})"
    " AND (s.hosting_constellation_id IS NOT NULL)))))"
)
SHARED = (
    "ANY (ARRAY( SELECT s.child_id\n   FROM shared_access s\n"
    f"  WHERE ((s.constellation_id = {CONSTELLATIONS})"
    " AND (s.starts_at <= now()) AND ((s.ends_at IS NULL) OR (s.ends_at > now())))))"
)
GUESTS = f"(child_id = {SHARED})"
HOSTED_STAYS = (
    "ANY (ARRAY( SELECT sleepovers.%s\n   FROM sleepovers\n"
    f"  WHERE ((sleepovers.hosting_constellation_id = {CONSTELLATIONS})"
    " AND (sleepovers.state <> 'cancelled'::text))))"
)
OF_A_STAY = {("ALL", OURS, None), ("ALL", f"(sleepover_id = {HOSTED_STAYS % 'id'})", None)}
TABLES_OF_A_STAY = (
    "stay_entries", "incidents", "missing_episodes", "medication_records", "handovers", "debriefs",
    "outings",
)  # fmt: skip
INNER = HOSTED_STAYS.replace("\n  ", "\n          ")
COUNTS = (
    "(handover_id = ANY (ARRAY( SELECT h.id\n   FROM handovers h\n"
    f"  WHERE (h.sleepover_id = {INNER % 'id'}))))"
)
EVER = f"sleepovers\n  WHERE (sleepovers.hosting_constellation_id = {CONSTELLATIONS})"
INNER_EVER = (
    "ANY (ARRAY( SELECT sleepovers.id\n           FROM sleepovers\n"
    f"          WHERE (sleepovers.hosting_constellation_id = {CONSTELLATIONS})))"
)
SUBJECTS = (
    f"(subject_id = ANY (ARRAY( SELECT sleepovers.id\n   FROM {EVER}\nUNION ALL\n"
    f" SELECT sleepovers.child_id\n   FROM {EVER}\nUNION ALL\n"
    f" SELECT i.id\n   FROM incidents i\n  WHERE (i.sleepover_id = {INNER_EVER})\nUNION ALL\n"
    f" SELECT m.id\n   FROM missing_episodes m\n  WHERE (m.sleepover_id = {INNER_EVER}))))"
)
"""What an emergency at another constellation's hub opens: the stay and its nights to the host, its
child for a while, and the hub home's mutex to those whose child is there."""

POLICIES = {
    "beds": {("ALL", f"({OURS} OR (hub_home_id = {SERVED}))", OURS)},
    "hub_absences": {("ALL", f"({OURS} OR (hub_home_id = {SERVED}))", OURS)},
    "hub_homes": {("ALL", f"({OURS} OR (id = {SERVING}))", None), ("ALL", HOSTING, None)},
    "households": {("ALL", OURS, None)},
    "sleepovers": {("ALL", f"({OURS} OR {HOSTED})", None)},
    "bed_nights": {("ALL", OURS, None), ("ALL", SLEEPS_HERE, None)},
    "children": {("ALL", OURS, None), ("SELECT", f"(id = {SHARED})", None)},
    "pack_sections": {("ALL", OURS, None), ("SELECT", GUESTS, None)},
    "medicines": {("ALL", OURS, None), ("SELECT", GUESTS, None)},
    "child_keys": {("ALL", OURS, None), ("ALL", f"(child_id = {HOSTED_STAYS % 'child_id'})", None)},
    **dict.fromkeys(TABLES_OF_A_STAY, OF_A_STAY),
    "incidents": {
        ("ALL", f"({check} AND {UNHIDDEN})", check)
        for check in (OURS, f"(sleepover_id = {HOSTED_STAYS % 'id'})")
    },
    "medicine_counts": {("ALL", OURS, None), ("ALL", COUNTS, None)},
    "emergency_asks": {("ALL", f"({OURS} OR {HOSTED})", OURS)},
    "constellations": {("ALL", ITSELF, None), ("INSERT", None, OVERSEES)},
    "notifications": {("ALL", MINE, MINE), ("INSERT", None, "true")},
    "idempotency_keys": {("ALL", MINE, MINE)},
    "devices": {("ALL", MINE, MINE)},
    "deliveries": {("ALL", MINE, MINE)},
    "notification_preferences": {("ALL", MINE, MINE)},
    "audit_events": {
        ("SELECT", f"({OURS} AND {UNHIDDEN})", None),
        ("SELECT", f"{THE_SERVICES[:-1]} AND {UNHIDDEN})", None),
        ("INSERT", None, "true"),
    },
    "audit_seals": set(),
    "sync_entries": {
        (
            "SELECT",
            f"(((constellation_id = {CONSTELLATIONS}) OR (address = {ACCOUNT})) AND {UNHIDDEN})",
            None,
        ),
    },
    "concerns": {("ALL", f"({OURS} AND {UNHIDDEN})", OURS)},
    "concern_addenda": {("ALL", f"({OURS} AND {ITS_CONCERN})", OURS)},
    "tasks": {
        ("ALL", f"({OURS} AND {UNHIDDEN})", OURS),
        ("ALL", f"({UNHIDDEN} AND {SUBJECTS})", None),
    },
}
"""What the API may do by table. A table that isn't named has the policy of `households`."""

DEFINERS = {
    "every_constellation_id",
    "audit_sealing",
    "bed_calendar",
    "stay_facts",
    "consent_link_shown",
    "release_device",
    "delivery_figures",
    "sync_own",
    "sync_part",
    "sync_place",
    "homes_of",
    "known_as",
    "kept_from",
    "audit_hide",
    "hub_homes_with_beds",
    "open_emergency",
    "end_shared_access",
}
"""Functions that see more than their caller: ids of constellations, for the programme manager; how
many audit events are sealed and since when one waits, for the metrics; which beds of a hub home are
free, whosever they are; what the checks of a stay there need to know; what somebody who holds a
link is asked; whose a phone was before
somebody else logged in on it; that something has changed, written down for those who saw it before
as well; which course of changes this is; to which households the actor and somebody a concern is
about belong, as ids; from whom what is recorded was hidden before; which hub homes have a bed for
an emergency; that an emergency is open to whoever is asked about it; and that a guest's
constellation ends being seen elsewhere with the stay."""

WITHHELD = {"audit_seals"}
"""Tables the API may not even ask."""

THE_SERVICES_LISTS = {"/api/v1/audit-events"}
"""Lists in which a system administrator finds what belongs to no constellation."""
