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
line here and, for a new kind of object, its ids in world.py.
"""

from hub_api.access import Role

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
}
"""The columns, with the roles each holds today.

`carer` and `next_door` are carers of two households of one constellation; `hub` and `liaison` work
in it, `hub_else` in the other. `ended` was its hub carer and the household's carer until yesterday.
`two` is hub carer here and satellite carer there, `fosters` a programme manager who fosters there.
"""

LIKE = {
    "not_yet": "ended",
    "logged_out": "nobody",
    "expired": "nobody",
    "deactivated": "nobody",
}
"""More people, each treated like somebody in a column: one whose first role begins tomorrow, and
three with a session or an account that is over."""

MOVED_AWAY = "moved_away"
"""A carer whose household has left the constellation: a carer's refusals, and no objects at all."""

NEVERTHELESS = {
    ("logIn", "logged_out"): "M",
    ("logIn", "expired"): "M",
}
"""Where they differ from the column: a session that is over is no bar to a new one."""

TABLE = """
                            carer next_door hub  liaison hub_else duty manager admin ended nobody two   fosters

logIn                       M     M         M    M       M        M    M       M     M     !      M     M
refreshTokens               M     M         M    M       M        M    M       M     M     !      M     M
logOut                      M     M         M    M       M        M    M       M     M     !      M     M
getMe                       M     M         M    M       M        M    M       M     M     !      M     M
changeMe                    M     M         M    M       M        M    M       M     M     !      M     M
changePassword              M     M         M    M       M        M    M       M     M     !      M     M
activateAccount             +     +         +    +       +        +    +       +     +     +      +     +
listSessions                M     M         M    M       M        M    M       M     M     !      M     M
revokeSession               H     .         .    .       .        .    .       .     .     !      .     .
listNotifications           M     M         M    M       M        M    M       M     M     !      M     M
getNotificationPreferences  M     M         M    M       M        M    M       M     M     !      M     M
putNotificationPreferences  M     M         M    M       M        M    M       M     M     !      M     M
getWebPushKey               M     M         M    M       M        M    M       M     M     !      M     M
receiveNotification         H     .         .    .       X        .    .       .     .     !      .     .
openNotification            H     .         .    .       X        .    .       .     .     !      .     .
acknowledgeNotification     H     .         .    .       X        .    .       .     .     !      .     .
listDevices                 M     M         M    M       M        M    M       M     M     !      M     M
registerDevice              HX0   HX0       HX0  HX0     HX0      HX0  HX0     HX0   HX0   !      HX0   HX0
removeDevice                H     .         .    .       X        .    .       .     .     !      .     .
sync                        M     M         M    M       M        M    M       M     M     !      M     M

listAccounts                -     -         -    -       -        -    S       S     -     !      -     S
inviteAccount               -     -         -    -       -        -    M       M     -     !      -     M
getAccount                  -     -         -    -       -        -    HX      HX    -     !      -     HX
changeAccount               -     -         -    -       -        -    HX      hx    -     !      -     HX
inviteAccountAgain          -     -         -    -       -        -    HX      hx    -     !      -     HX
closeAccount                -     -         -    -       -        -    HX      HX    -     !      -     HX
reopenAccount/closed        -     -         -    -       -        -    H       H     -     !      -     H
logAccountOut               -     -         -    -       -        -    HX      HX    -     !      -     HX
giveRole                    -     -         -    -       -        -    HX      hx    -     !      -     HX
endRole                     -     -         -    -       -        -    HX      hx    -     !      -     HX
listAuditEvents             -     -         -    C       -        -    CXS     S     -     !      -     CXS

listConstellations          C     C         C    C       X        -    CXS     -     -     !      CX    CXS
createConstellation         -     -         -    -       -        -    M       -     -     !      -     M
getConstellation            C     C         C    C       X        -    CX      -     -     !      CX    CX
listBeds                    C     C         C    C       X        -    CX      -     -     !      CX    CX
changeConstellation         -     -         -    -       -        -    CX      -     -     !      -     CX
closeConstellation/empty    -     -         -    -       -        -    S       -     -     !      -     S
listHubAppointments         -     -         -    -       -        -    CX      -     -     !      -     CX
createHubAppointment        -     -         -    -       -        -    CX      -     -     !      -     CX
changeHubAppointment        -     -         -    -       -        -    CX      -     -     !      -     CX
withdrawHubAppointment/to_come -  -         -    -       -        -    CX      -     -     !      -     CX
getHubHome                  -     -         -    -       -        -    CX      -     -     !      -     CX
changeHubHome               -     -         -    -       -        -    CX      -     -     !      -     CX
createBed                   -     -         -    C       -        -    CX      -     -     !      -     CX
changeBed                   -     -         -    C       -        -    CX      -     -     !      -     CX
changeBed/temporary         -     -         -    c       -        -    CX      -     -     !      -     CX
createTemporaryBed          -     -         -    -       -        -    CX      -     -     !      -     CX
listBlockedNights           -     -         C    C       X        -    -       -     -     !      Cx    -
createBlockedNights         -     -         C    C       X        -    -       -     -     !      Cx    -
deleteBlockedNights         -     -         C    C       X        -    -       -     -     !      Cx    -
listMemberships             C     C         C    C       X        -    CX      -     -     !      CX    CX
createMembership            -     -         -    C       -        -    CX      -     -     !      -     CX
changeMembership            -     -         -    C       -        -    CX      -     -     !      -     CX
withdrawMembership/joins    -     -         -    C       -        -    CX      -     -     !      -     CX

listHouseholds              H     N         CHN  CHN     EX       -    CHNEX   -     -     !      CHNE  CHNEX
getHousehold                H     N         CHN  CHN     EX       -    CHNEX   -     -     !      CHNE  CHNEX
createHousehold             -     -         -    C       -        -    CX      -     -     !      -     CX
changeHousehold             -     -         -    CHN     -        -    CHNEX   -     -     !      -     CHNEX
closeHousehold/quiet        -     -         -    C       -        -    CX      -     -     !      -     CX
moveHousehold/quiet         -     -         -    .       -        -    CX      -     -     !      -     CX
listAdults                  H     N         chn  CHN     ex       -    CHNEX   -     -     !      chnE  CHNEX
createAdult                 -     -         -    CHN     -        -    CHNEX   -     -     !      -     CHNEX
changeAdult                 -     -         -    CHN     -        -    CHNEX   -     -     !      -     CHNEX
listApprovals               H     N         chn  CHN     ex       -    CHNEX   -     -     !      chnE  CHNEX
createApproval              -     -         -    CHN     -        -    CHNEX   -     -     !      -     CHNEX
changeApproval              -     -         -    CHN     -        -    CHNEX   -     -     !      -     CHNEX
listFosteringExemptions     -     -         -    CHN     -        -    CHNEX   -     -     !      -     CHNEX
createFosteringExemption    -     -         -    CHN     -        -    CHNEX   -     -     !      -     CHNEX
endFosteringExemption       -     -         -    CHN     -        -    CHNEX   -     -     !      -     CHNEX
listChildren                H     N         -    CHN     -        -    CHNEX   -     -     !      chnE  CHNEX
getChild                    H     N         -    CHN     -        -    CHNEX   -     -     !      chnE  CHNEX
createChild                 -     -         -    CHN     -        -    CHNEX   -     -     !      -     CHNEX
changeChild                 -     -         -    CHN     -        -    CHNEX   -     -     !      -     CHNEX
letChildLeave/quiet_child   -     -         -    C       -        -    CX      -     -     !      -     CX
setSiblings                 -     -         -    CHN     -        -    CHNEX   -     -     !      -     CHNEX
listKeptApart               -     -         -    CHN     -        -    CHNEX   -     -     !      -     CHNEX
keepApart                   -     -         -    CHN     -        -    CHNEX   -     -     !      -     CHNEX
endKeptApart                -     -         -    CHN     -        -    CHNEX   -     -     !      -     CHNEX
listSharingAgreements       -     -         -    CHN     -        -    CHNEX   -     -     !      -     CHNEX
createSharingAgreement      -     -         -    CHN     -        -    CHNEX   -     -     !      -     CHNEX
endSharingAgreement         -     -         -    CHN     -        -    CHNEX   -     -     !      -     CHNEX

listConsents                H     N         -    CHN     -        -    CHNEX   -     -     !      chnE  CHNEX
recordConsent               -     -         -    CHN     -        -    CHNEX   -     -     !      -     CHNEX
endConsent                  -     -         -    CHN     -        -    CHNEX   -     -     !      -     CHNEX
withdrawConsent             -     -         -    CHN     -        -    CHNEX   -     -     !      -     CHNEX
listConsentFlags            H     N         -    CHN     -        -    CHNEX   -     -     !      chnE  CHNEX
recordConsentFlag           -     -         -    CHN     -        -    CHNEX   -     -     !      -     CHNEX
endConsentFlag              -     -         -    CHN     -        -    CHNEX   -     -     !      -     CHNEX
listConsentLinks            -     -         -    CHN     -        -    CHNEX   -     -     !      -     CHNEX
createConsentLink           -     -         -    CHN     -        -    chnex   -     -     !      -     chnex
takeBackConsentLink         -     -         -    CHN     -        -    chnex   -     -     !      -     chnex
getPack                     H     N         HN   CHN     E        -    C       -     -     !      HNE   E
getPackPage                 H     N         HN   CHN     E        -    C       -     -     !      HNE   E
putPackSection              H     N         -    CHN     -        -    -       -     -     !      hnE   E
confirmPackSection          H     N         -    CHN     -        -    -       -     -     !      hnE   E
listPackSectionVersions     H     N         -    CHN     -        -    -       -     -     !      hnE   E
createMedicine              H     N         -    CHN     -        -    -       -     -     !      hnE   E
endMedicine                 H     N         -    CHN     -        -    -       -     -     !      hnE   E
breakGlass                  -     -         -    -       -        -    CHNEX   -     -     !      -     CHNEX
listBreakGlass              -     -         -    C       -        -    CX      -     -     !      -     CX
getBreakGlass               -     -         -    C       -        -    CX      -     -     !      -     CX
reviewBreakGlass            -     -         -    C       -        -    CX      -     -     !      -     CX

listRespiteRequests         Hh    Nn        HN   HN      E        -    HNE     -     -     !      HNEe  HNEe
getRespiteRequest           H     N         HN   HN      E        -    HNE     -     -     !      HNE   HNE
getRespiteRequest/draft     H     N         .    .       .        -    .       -     -     !      E     E
getMatchingSummary          -     -         HN   hn      E        -    -       -     -     !      HNe   -
createRespiteRequest        H     N         -    -       -        -    -       -     -     !      chnE  chnEx
createRespiteRequest/twice  H     .         -    -       -        -    -       -     -     !      h     h
submitRespiteRequest/draft  H     N         -    -       -        -    -       -     -     !      E     E
changeRespiteRequest        H     N         hn   hn      e        -    hne     -     -     !      hnE   hnE
changeRespiteRequest/draft  H     N         .    .       .        -    .       -     -     !      E     E
changeRespiteRequest/held   H     N         hn   hn      e        -    hne     -     -     !      hnE   hnE
changeRespiteRequest/taken  h     n         HN   HN      E        -    hne     -     -     !      HNe   hne
acceptRespiteRequest        -     -         HN   hn      E        -    -       -     -     !      HNe   -
acceptRespiteRequest/draft  -     -         .    .       .        -    -       -     -     !      e     -
approveRespiteRequest/held  -     -         hn   HN      e        -    -       -     -     !      hne   -
declineRespiteRequest       -     -         HN   hn      E        -    -       -     -     !      HNe   -
declineRespiteRequest/held  -     -         hn   HN      e        -    -       -     -     !      hne   -
withdrawRespiteRequest      H     N         -    -       -        -    -       -     -     !      hnE   hnE
withdrawRespiteRequest/held H     N         -    -       -        -    -       -     -     !      hnE   hnE
withdrawRespiteRequest/draft H    N         -    -       -        -    -       -     -     !      E     E
listOverrides/taken         H     N         HN   HN      E        -    HNE     -     -     !      HNE   HNE
overrideCheck/held          -     -         hn   HN      e        -    hne     -     -     !      hne   hne

listSleepovers              H     N         HN   HN      E        -    HNE     -     -     !      HNE   HNE
getSleepover                H     N         HN   HN      E        -    HNE     -     -     !      HNE   HNE
cancelSleepover             H     N         HN   HN      E        -    -       -     -     !      HNE   hnE
handOverSleepover/arriving  -     -         HN   hn      E        -    -       -     -     !      HNe   -
returnSleepover/staying     -     -         HN   hn      E        -    -       -     -     !      HNe   -
endSleepoverEarly/staying   -     -         HN   HN      E        -    -       -     -     !      HNe   -
extendSleepover             -     -         HN   HN      E        -    -       -     -     !      HNe   -
closeSleepover/returned     -     -         HN   HN      E        -    -       -     -     !      HNe   -
getBedNights                C     C         C    C       X        -    CX      -     -     !      CX    CX

listStayEntries/staying     H     N         HN   HN      E        -    -       -     -     !      HNE   E
writeStayEntry              -     -         HN   HN      E        -    -       -     -     !      HNe   -
listIncidents/staying       H     N         HN   HN      E        -    -       -     -     !      HNE   E
recordIncident/staying      -     -         HN   HN      E        -    -       -     -     !      HNe   -
tellOfIncident              -     -         hn   HN      e        -    -       -     -     !      hne   -
listMissingEpisodes/staying H     N         HN   HN      E        -    -       -     -     !      HNE   E
reportMissing               H     N         HN   HN      E        -    -       -     -     !      HNE   E
tellOfMissing               H     N         HN   HN      E        -    -       -     -     !      HNE   E
endMissing                  H     N         HN   HN      E        -    -       -     -     !      HNE   E
holdReturnInterview/back    -     -         hn   HN      e        -    -       -     -     !      hne   -
listOutings/staying         H     N         HN   HN      E        -    -       -     -     !      HNE   E
beginOuting/staying         -     -         HN   HN      E        -    -       -     -     !      HNe   -
endOuting                   -     -         HN   HN      E        -    -       -     -     !      HNe   -
listMedication/staying      H     N         HN   HN      E        -    -       -     -     !      HNE   E
recordMedication            -     -         HN   HN      E        -    -       -     -     !      HNe   -
listHandovers/staying       H     N         HN   HN      E        -    -       -     -     !      HNE   E
recordCareHandover          H     N         HN   hn      E        -    -       -     -     !      HNE   E
confirmHandover             H     N         hn   hn      e        -    -       -     -     !      hnE   E
listDebriefs/staying        H     N         HN   HN      E        -    -       -     -     !      HNE   E
writeDebrief/returned       H     N         hn   hn      e        -    -       -     -     !      hnE   E

listTasks                   -     -         -    C       -        -    CX      -     -     !      -     CX
getTask                     -     -         -    C       -        -    CX      -     -     !      -     CX
completeTask                -     -         -    C       -        -    CX      -     -     !      -     CX
"""  # noqa: E501 - one line per operation is the point

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
app has chosen: a phone is whose login it is, so anybody may register any.

`empty` is a constellation nobody belongs to; as nobody but the programme manager sees it, it is the
service's. A `temporary` bed is one for some nights, `blocked` are a hub home's nights without
guests, an appointment `to_come` and a membership that `joins` have not begun, a `newcomer` is a
household that is in a constellation and does not belong to it yet."""

ABOUT = {
    "createRespiteRequest": "household",
    "createRespiteRequest/twice": "key",
    "createHousehold": "constellation",
    "breakGlass": "child",
    "writeStayEntry": "staying",
    "recordMedication": "staying",
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

WHERE_TO = {("moveHousehold", "constellation_id"), ("changeAdult", "account_id")}
"""Ids in bodies that say where an object goes, or which login is whose: their own tests have who
may be named (tests/households/test_moving.py, test_adults.py)."""

BY_RIGHT = {("listAuditEvents", "admin"), ("createConstellation", "admin")}
"""Who sees through an operation, by right, ids of what is foreign to them: in the record of
refusals, which belong to the service. And whoever oversees the service may begin a constellation,
as far as the second wall knows."""

ANYBODYS_IDS = {
    ("giveRole", "constellation_id"),
    ("giveRole", "household_id"),
    ("createHubAppointment", "household_id"),
    ("createHubAppointment", "hub_home_id"),
}
"""Ids in bodies that whoever may ask at all may name, whosever they are: a role can be given
anywhere, and any hub home may serve for a while."""

ONE_WALL = {
    "logIn", "refreshTokens", "logOut", "getMe", "changeMe", "changePassword", "activateAccount",
    "listSessions", "revokeSession", "listAccounts", "inviteAccount", "getAccount",
    "changeAccount", "inviteAccountAgain", "closeAccount", "reopenAccount", "logAccountOut",
    "giveRole", "endRole", "getWebPushKey", "registerDevice",
    "getNotificationPreferences", "putNotificationPreferences", "sync",
}  # fmt: skip
"""Operations on the tables that are read before anybody is known. Only the first wall is there. And
registering a phone, which takes it over from whoever was logged in on it, whosever it was. And what
looks for nothing but the actor's own, where taking a wall away shows nobody anything more."""

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
