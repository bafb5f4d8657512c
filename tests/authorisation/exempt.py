"""What the tests of the table leave to others, and why."""

TOGETHER = {
    ("createConcern", "children"),
    ("createConcern", "about_adult_id"),
    ("createConcern", "about_account_id"),
}
"""Ids in bodies that must be of one constellation: tests/concerns/test_writing.py."""

WHERE_TO = {("moveHousehold", "constellation_id"), ("changeAdult", "account_id")}
"""Ids in bodies that say where an object goes, or which login is whose: their own tests have who
may be named (tests/households/test_moving.py, test_adults.py)."""

BY_RIGHT = {
    ("listAuditEvents", "admin"),
    ("createConstellation", "admin"),
    *(("listPeople", who) for who in ("carer", "next_door", "hub", "liaison")),
}
"""Who sees through an operation, by right, ids of what is foreign to them: in the record of
refusals, which belong to the service. And whoever oversees the service may begin a constellation,
as far as the second wall knows. Among the people a concern can be about are programme managers, one
of whom fosters elsewhere, and everybody who works here."""

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
