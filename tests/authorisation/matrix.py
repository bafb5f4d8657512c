"""Who may do what to whose object: domain.md §2 said once more, as a table to read and argue with.

Nothing here is taken from the code it judges: a mistake in `ROLE_PERMISSIONS` or in a policy
contradicts this table and fails the suite.

An operation of the OpenAPI document is a line; `/draft` and the like after its id name a line about
another kind of object. A person is a column. A cell names the objects the person may do it to:

    H  the carer's own household's          E  the family's in the other constellation
    N  the household's next door            X  the rest of the other constellation
    C  the rest of the constellation        M  one's own, whoever one is
    S  what belongs to the service alone
    0  what does not exist: it may be made by doing it
    lower case  seen, but this may not be done to it: 403. In a list: the drafts of that family.
    .  there is none: 404, or an empty list
    -  403 whatever is asked for            !  401: nobody is logged in
    +  anybody may, logged in or not

Whatever a cell does not name answers 404, as what does not exist does. To add an operation, add its
line to `table.py` and, for a new kind of object, its ids in world.py.
"""

from hub_api.access import Role
from tests.authorisation.table import TABLE

PEOPLE = {
    "carer": {Role.SATELLITE_CARER},
    "next_door": {Role.SATELLITE_CARER},
    "hub": {Role.HUB_CARER},
    "liaison": {Role.LIAISON_WORKER},
    "hub_else": {Role.HUB_CARER},
    "duty": {Role.HOME_DUTY_STAFF},
    "manager": {Role.PROGRAMME_MANAGER},
    "admin": {Role.SYSTEM_ADMINISTRATOR},
    "ended": set(),
    "nobody": set(),
    "two": {Role.HUB_CARER, Role.SATELLITE_CARER},
    "fosters": {Role.PROGRAMME_MANAGER, Role.SATELLITE_CARER},
    "oncall": {Role.ON_CALL_MANAGER},
}
"""The columns, with the roles each holds today.

`carer` and `next_door` are carers of two households of one constellation; `hub` and `liaison` work
in it, `hub_else` in the other. `ended` was its hub carer and the household's carer until yesterday.
`two` is hub carer here and satellite carer there, `fosters` a programme manager who fosters there,
and `oncall` the manager on call, who sees emergencies and places, and no family.
"""

LIKE = {
    "not_yet": "ended",
    "logged_out": "nobody",
    "expired": "nobody",
    "deactivated": "nobody",
}
"""More people, each treated like somebody in a column: one whose first role begins next week, and
three with a session or an account that is over."""

MOVED_AWAY = "moved_away"
"""A carer whose household has left the constellation: a carer's refusals, and no objects at all."""

NEVERTHELESS = {
    ("logIn", "logged_out"): "M",
    ("logIn", "expired"): "M",
}
"""Where they differ from the column: a session that is over is no bar to a new one."""

OBJECTS = {
    "constellation": "CX",
    "empty": "S",
    "appointment": "CX",
    "to_come": "CX",
    "hub_home": "CX",
    "bed": "CX",
    "temporary": "CX",
    "blocked": "CX",
    "membership": "CX",
    "joins": "CX",
    "newcomer": "CX",
    "household": "CHNEX",
    "quiet": "CX",
    "quiet_child": "CX",
    "child": "CHNEX",
    "adult": "CHNEX",
    "approval": "CHNEX",
    "exemption": "CHNEX",
    "kept_apart": "CHNEX",
    "agreement": "CHNEX",
    "consent": "CHNEX",
    "consent_flag": "CHNEX",
    "consent_link": "CHNEX",
    "medicine": "CHNEX",
    "break_glass": "CX",
    "request": "HNE",
    "draft": "HNE",
    "held": "HNE",
    "taken": "HNE",
    "key": "H",
    "sleepover": "HNE",
    "arriving": "HNE",
    "staying": "HNE",
    "returned": "HNE",
    "entry": "HNE",
    "incident": "HNE",
    "episode": "HNE",
    "back": "HNE",
    "prescribed": "HNE",
    "dose": "HNE",
    "handover": "HNE",
    "concern": "HNCXS",
    "emergency": "HNE",
    "emergency_ask": "HNE",
    "outing": "HNE",
    "task": "CX",
    "account": "HX",
    "closed": "H",
    "role": "HX",
    "session": "H",
    "notification": "HX",
    "device": "HX",
}
"""The objects there are, by kind. `key` is a carer's POST with its Idempotency-Key. Of requests,
`held` awaits approval and `taken` was accepted, with a check set aside. A `sleepover` is one to
come; the next three are those `arriving`, `staying` and `returned`. `quiet` is a household
without anything ahead, and its child. What is written about those who are `staying` is an
`entry` of the log, an `incident` to be told of, an `episode` of a child who is missing, one of a
child who is `back`, an `outing` of one who isn't yet, a medicine `prescribed`, a `dose` of it, and
a `handover` that the hub wrote down.
Of accounts, their roles and sessions `H` is the household's carer's and `X` the other hub
carer's; `closed` is an account that is closed. So are notifications, and devices by the id their
app has chosen: a phone is whose login it is, so anybody may register any. An `emergency` is a
household's, and an `emergency_ask` what its own hub was asked about it.

`empty` is a constellation nobody belongs to; as nobody but the programme manager sees it, it is the
service's. A `temporary` bed is one for some nights, `blocked` are a hub home's nights without
guests, an appointment `to_come` and a membership that `joins` have not begun, a `newcomer` is a
household that is in a constellation and does not belong to it yet.

A `concern` has the letter of whoever wrote it: the household's carer about the hub carer, next
door's about the liaison worker, the hub carer (C) about the household's carer, the liaison worker
(S) about the programme manager, the other hub carer (X) about the carers of the family there."""

ABOUT = {
    "createRespiteRequest": "household",
    "createRespiteRequest/twice": "key",
    "createHousehold": "constellation",
    "breakGlass": "child",
    "writeStayEntry": "staying",
    "recordMedication": "staying",
    "createConcern": "child",
    "createEmergency": "household",
    "recordCareHandover": "staying",
}
"""The kind of object a line is about, where neither its path nor its name says it."""

IDS_IN_BODIES = {
    ("createRespiteRequest", "household_id"): "household",
    ("createRespiteRequest", "children"): "child",
    ("changeRespiteRequest", "children"): "child",
    ("createMembership", "household_id"): "newcomer",
    ("writeStayEntry", "adds_to"): "entry",
    ("recordMedication", "medicine_id"): "prescribed",
    ("createEmergency", "household_id"): "household",
    ("createEmergency", "children"): "child",
    ("recordMedication", "corrects"): "dose",
    ("recordCareHandover", "corrects"): "handover",
}
"""The kind of object that each id in a body names. Somebody else's answers as the line says, and
404 for a kind the line isn't about."""

IDS_LIKE_THE_OBJECT = {
    ("createHousehold", "constellation_id"): "constellation",
    ("createFosteringExemption", "children"): "child",
    ("setSiblings", "children"): "child",
    ("keepApart", "other_child_id"): "child",
    ("createSharingAgreement", "with_child_id"): "child",
    ("breakGlass", "child_id"): "child",
}
"""The kind of object that each of these ids names. Whoever may do it to an object may name it here,
and nobody else."""

NOBODYS = "0"
"""The letter of an object that does not exist."""


def operation_of(line: str) -> str:
    """The operationId of a line of the table."""
    return line.partition("/")[0]


def _read(table: str) -> dict[str, dict[str, str]]:
    head, *lines = [line.split() for line in table.splitlines() if line.strip()]
    cells = {line[0]: dict(zip(head, line[1:], strict=True)) for line in lines}
    assert len(cells) == len(lines), "a line is there twice"
    return cells


LINES = _read(TABLE)
"""Line → column → cell."""

EVERYBODY = [*PEOPLE, *LIKE, MOVED_AWAY]


def cell(line: str, who: str) -> str:
    """What the table says of a line for one person."""
    if who == MOVED_AWAY:
        written = LINES[line]["next_door"]
        return written if written in {"-", "!", "+", "M"} or NOBODYS in written else "."
    return NEVERTHELESS.get((line, who)) or LINES[line][LIKE.get(who, who)]


def expected(line: str, who: str, whose: str) -> str:
    """`ok` or the status of a refusal, for an object by its letter; "" for lists and the like."""
    written = cell(line, who)
    if written in {"-", "!"}:
        return {"-": "403", "!": "401"}[written]
    if whose in {"", "M"} or whose in written:
        return "ok"
    return "403" if whose.lower() in written and whose != NOBODYS else "404"
