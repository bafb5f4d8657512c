"""Mistakes in who is let in: roles, routes, accounts, and row-level security."""

from hub_api.access import Permission, Role
from tests.authorisation.mistakes import (
    Seed,
    actor_query,
    allows,
    both,
    denied,
    everybody,
    given,
    ignores_unknown,
    row_policy,
    source,
)

HOUSEHOLDS = ("listHouseholds", "getHousehold")
CONSTELLATIONS = ("listConstellations", "getConstellation")
INSIDE = ("listBeds", "listMemberships")
REQUESTS = ("listRespiteRequests", "getRespiteRequest", "getRespiteRequest/draft")
ASKING = ("createRespiteRequest",)
ACCEPTING = ("acceptRespiteRequest", "acceptRespiteRequest/draft")
STAYS = ("listSleepovers", "getSleepover")
CANCELLING = ("cancelSleepover",)
INBOX = ("listNotifications",)
TASKS = ("listTasks", "getTask", "completeTask")
TRAIL = ("listAuditEvents",)

EVERY_FIRST = (
    "coalesce(g.constellation_id, m.constellation_id, every.id)",
    "coalesce(every.id, g.constellation_id, m.constellation_id)",
)

ACCESS = [
    Seed("everybody may everything", source("access:Actor.may", "any(", "True or any("), STAYS),
    Seed(
        "the first role alone decides",
        source("access:Actor.may", "in self.grants", "in self.grants[-1:]"),
        # One line for each of the roles that would be forgotten: they are in no order.
        (*CANCELLING, *ASKING, "acceptRespiteRequest"),
    ),
    Seed(
        "a role anywhere is a role everywhere it is held",
        source("access:Actor.constellations", "(not roles or grant.role in roles)", "True"),
        HOUSEHOLDS,
    ),
    Seed(
        "only the first grant has a scope",
        source("access:Actor.constellations", "in self.grants", "in self.grants[:1]"),
        CONSTELLATIONS,
    ),
    Seed(
        "carers may decide",
        given(Role.SATELLITE_CARER, Permission.RESPITE_DECIDE),
        ACCEPTING,
    ),
    Seed("hub carers may ask", given(Role.HUB_CARER, Permission.RESPITE_REQUEST), ASKING),
    Seed(
        "liaison workers may not decide",
        denied(Role.LIAISON_WORKER, Permission.RESPITE_DECIDE),
        ("approveRespiteRequest/held",),
    ),
    Seed(
        "managers may cancel",
        given(Role.PROGRAMME_MANAGER, Permission.SLEEPOVER_CANCEL),
        CANCELLING,
    ),
    Seed(
        "administrators see households",
        given(Role.SYSTEM_ADMINISTRATOR, Permission.HOUSEHOLD_READ),
        HOUSEHOLDS,
    ),
    Seed("duty staff see requests", given(Role.HOME_DUTY_STAFF, Permission.RESPITE_READ), REQUESTS),
    Seed(
        "carers may not cancel",
        denied(Role.SATELLITE_CARER, Permission.SLEEPOVER_CANCEL),
        CANCELLING,
    ),
    Seed(
        "liaison workers see no requests",
        denied(Role.LIAISON_WORKER, Permission.RESPITE_READ),
        REQUESTS,
    ),
    Seed("sleepovers are for whoever logs in", everybody(Permission.SLEEPOVER_READ), STAYS),
    Seed("households are for whoever logs in", everybody(Permission.HOUSEHOLD_READ), HOUSEHOLDS),
]

ROUTES = [
    Seed(
        "accepting asks for reading only",
        allows("acceptRespiteRequest", Permission.RESPITE_READ),
        ACCEPTING,
    ),
    Seed(
        "cancelling asks for reading only",
        allows("cancelSleepover", Permission.SLEEPOVER_READ),
        CANCELLING,
    ),
    Seed(
        "asking asks for reading only",
        allows("createRespiteRequest", Permission.RESPITE_READ),
        ASKING,
    ),
    Seed(
        "submitting asks for deciding",
        allows("submitRespiteRequest", Permission.RESPITE_DECIDE),
        ("submitRespiteRequest/draft",),
    ),
    Seed(
        "households for any session", allows("listHouseholds", Permission.OWN_ACCOUNT), HOUSEHOLDS
    ),
    Seed("a sleepover for any session", allows("getSleepover", Permission.OWN_ACCOUNT), STAYS),
    Seed("beds for any session", allows("listBeds", Permission.OWN_ACCOUNT), INSIDE),
    Seed(
        "the inbox for readers of households",
        allows("listNotifications", Permission.HOUSEHOLD_READ),
        INBOX,
    ),
    Seed(
        "unknown properties are dropped", ignores_unknown("json"), (*ASKING, *CANCELLING), "unknown"
    ),
    Seed(
        "unknown parameters are dropped", ignores_unknown("query"), ("listHouseholds",), "unknown"
    ),
]

ACCOUNTS = [
    Seed("a session that was ended", actor_query(("s.ended_at is null and", "")), ("getMe",)),
    Seed(
        "a session that ran out",
        actor_query(("s.expires_at > %(now)s", "%(now)s::timestamptz is not null")),
        ("getMe",),
    ),
    Seed("an account that was closed", actor_query((" and a.is_active", "")), ("getMe",)),
    Seed(
        "a role that has ended",
        actor_query(("(g.ends_on is null or g.ends_on > %(today)s)", "true")),
        STAYS,
    ),
    Seed("a role that has not begun", actor_query(("g.starts_on <= %(today)s and", "")), STAYS),
    Seed(
        "a household that has moved away",
        actor_query(("and (m.ends_on is null or m.ends_on > %(today)s)", "")),
        CONSTELLATIONS,
        "both",
    ),
    Seed(
        "hub carers of every constellation",
        actor_query(
            EVERY_FIRST,
            ("g.role in ('programme_manager', ", "g.role in ('programme_manager', 'hub_carer', "),
        ),
        HOUSEHOLDS,
    ),
    Seed(
        "liaison workers of every constellation",
        actor_query(
            EVERY_FIRST,
            (
                "g.role in ('programme_manager', ",
                "g.role in ('programme_manager', 'liaison_worker', ",
            ),
        ),
        HOUSEHOLDS,
    ),
    Seed(
        "managers of nothing",
        actor_query(("('programme_manager', ", "(")),
        STAYS,
    ),
    Seed(
        "the scope is never set",
        source("accounts.service:set_scope", "actor.constellations()", "[]"),
        HOUSEHOLDS,
        "both",
    ),
    Seed(
        "anybody's account for one's own",
        source(
            "accounts.service:get_own_account",
            "queries.OWN_ACCOUNT.one(actor, actor.account_id)",
            "db.connection().execute(sa.select(Account.id).limit(1)).mappings().one()",
        ),
        ("getMe",),
    ),
    Seed(
        "any password",
        source("accounts.sessions:log_in", "not is_password(password, known_hash) or ", ""),
        ("logIn",),
    ),
    Seed(
        "logging in to a closed account",
        both(
            source("accounts.sessions:log_in", ", Account.is_active", ""),
            source("accounts.sessions:_still_has", "Account.is_active,", ""),
        ),
        ("logIn",),
    ),
    Seed(
        "refreshing an ended session",
        source("accounts.sessions:refresh", "login.ended_at is not None or ", ""),
        ("refreshTokens",),
    ),
    Seed(
        "refreshing a session that ran out",
        source("accounts.sessions:refresh", " or login.expires_at <= now", ""),
        ("refreshTokens",),
    ),
    Seed(
        "refreshing for a closed account",
        source("accounts.sessions:refresh", ", Account.is_active", ""),
        ("refreshTokens",),
    ),
]

MANAGING = [
    Seed(
        "hub carers manage accounts",
        given(Role.HUB_CARER, Permission.ACCOUNT_MANAGE),
        ("listAccounts",),
    ),
    Seed(
        "managers don't manage accounts",
        denied(Role.PROGRAMME_MANAGER, Permission.ACCOUNT_MANAGE),
        ("listAccounts",),
    ),
    Seed(
        "inviting for any session",
        allows("inviteAccount", Permission.OWN_ACCOUNT),
        ("inviteAccount",),
    ),
    Seed("roles for any session", allows("giveRole", Permission.OWN_ACCOUNT), ("giveRole",)),
    Seed(
        "only one's own account for those who manage them",
        source("accounts.policy:visible_to", "asking.manages_accounts()", "sa.false()"),
        ("getAccount",),
    ),
    Seed(
        "nobody may manage anybody",
        source("accounts.policy:can_manage", "account_id != actor.account_id", "False"),
        ("changeAccount",),
    ),
    Seed(
        "nobody may close anything",
        source("accounts.policy:can_close", "account_id != actor.account_id", "False"),
        ("closeAccount",),
    ),
    Seed(
        "administrators give any role",
        source("accounts.policy:can_grant", "grant.role is giver", "True"),
        ("giveRole", "changeAccount"),
    ),
    Seed(
        "everybody's sessions",
        source(
            "accounts.policy:sessions_visible_to",
            "asking.is_account(LoginSession.account_id)",
            "sa.true()",
        ),
        ("listSessions", "revokeSession"),
    ),
    Seed(
        "anybody's session is revoked",
        source(
            "accounts.sessions:revoke_session",
            "LoginSession.id == session_id, policy.sessions_visible_to(ASKING)",
            "LoginSession.id == session_id",
        ),
        ("revokeSession",),
    ),
    Seed("the trail for hub carers", given(Role.HUB_CARER, Permission.AUDIT_READ), TRAIL),
    Seed("the trail for any session", allows("listAuditEvents", Permission.OWN_ACCOUNT), TRAIL),
    Seed(
        "the service's own trail for liaison workers",
        source("audit.policy:visible_to", "asking.oversees_service()", "sa.true()"),
        TRAIL,
    ),
    Seed(
        "the trail of every constellation for administrators",
        source("audit.policy:visible_to", "AuditEvent.constellation_id.is_(None)", "sa.true()"),
        TRAIL,
    ),
    Seed(
        "no trail for liaison workers",
        source(
            "audit.policy:visible_to", "(Role.LIAISON_WORKER, Role", "(Role.PROGRAMME_MANAGER, Role"
        ),
        TRAIL,
    ),
]

SECOND_WALL = [
    *(
        Seed(
            f"row-level security lets all {table} through",
            row_policy(f"alter policy {table}_constellation on {table} using (true)"),
            lines,
            "second wall",
        )
        for table, lines in {
            "constellations": CONSTELLATIONS,
            "households": HOUSEHOLDS,
            "respite_requests": REQUESTS,
            "sleepovers": STAYS,
        }.items()
    ),
    Seed(
        "row-level security lets all notifications through",
        row_policy("alter policy notifications_own on notifications using (true)"),
        INBOX,
        "second wall",
    ),
    Seed(
        "the scope is every constellation",
        source(
            "accounts.service:set_scope",
            "actor.constellations()",
            "db.session().scalars(sa.text('select every_constellation_id()')).all()",
        ),
        HOUSEHOLDS,
        "second wall",
    ),
]
