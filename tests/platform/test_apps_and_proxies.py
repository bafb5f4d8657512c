"""Apps that are too old, and where a request comes from."""

from dataclasses import replace

import pytest

from hub_api import create_app
from hub_api import settings as hub_settings
from hub_api.app_versions import app_version
from hub_api.openapi import PROBLEM_MEDIA_TYPE
from hub_api.settings import SettingsError, from_environment


@pytest.fixture
def minimum(settings):
    """Ask apps older than this to update."""

    def ask(*version):
        hub_settings.use(replace(settings, minimum_app_version=version))

    yield ask
    hub_settings.use(settings)


class TestAnAppThatIsTooOld:
    @pytest.mark.parametrize("version", ["1.3.9", "1.3", "0.9.99", "1", "old", "", "1.4.0-beta"])
    def test_is_asked_to_update_and_gets_nothing_else(self, world, minimum, version):
        minimum(1, 4)
        for phone in (world.carer, world.phone()):
            answer = phone.get("/me", X_App_Version=version)
            assert (answer.status_code, answer.json["code"]) == (426, "app_too_old")
            assert answer.mimetype == PROBLEM_MEDIA_TYPE
            assert answer.json["minimum_version"] == "1.4"
            assert "update" in answer.json["detail"]

    def test_changes_nothing(self, world, minimum, rows):
        phone = world.carer
        minimum(1, 4)
        body = world.ask_body()
        assert phone.post("/respite-requests", body, X_App_Version="1.3").status_code == 426
        assert rows("select * from respite_requests") == []

    @pytest.mark.parametrize("version", ["1.4", "1.4.0", "1.4.1", "1.10", "2"])
    def test_is_none_that_is_new_enough(self, world, minimum, version):
        minimum(1, 4)
        assert world.carer.get("/me", X_App_Version=version).status_code == 200

    def test_is_none_that_does_not_say(self, world, minimum):
        minimum(1, 4)
        assert world.carer.get("/me").status_code == 200

    def test_is_none_unless_there_is_a_minimum(self, world):
        assert world.carer.get("/me", X_App_Version="0.0.1").status_code == 200

    @pytest.mark.parametrize("text", ["1.4.0", " 1.4 ", "1.4.0.0"])
    def test_is_set_by_a_version(self, text):
        assert from_environment({"HUB_MINIMUM_APP_VERSION": text}).minimum_app_version == (1, 4)

    @pytest.mark.parametrize("text", ["new", "1.4b", "1..4", "\u0661.4", "1.4.0.0.0"])
    def test_is_set_by_nothing_else(self, text):
        with pytest.raises(SettingsError, match="HUB_MINIMUM_APP_VERSION"):
            from_environment({"HUB_MINIMUM_APP_VERSION": text})
        assert app_version(text) is None


def failures_from(client, addresses):
    """The statuses of failed logins that say they come from these addresses."""
    return [
        client.post(
            "/api/v1/auth/login",
            json={"email": f"{number}@x.example", "password": "x"},
            headers={"X-Forwarded-For": address},
        ).status_code
        for number, address in enumerate(addresses)
    ]


class TestWhereARequestComesFrom:
    def test_is_not_what_it_says_itself(self, world):
        addresses = [f"192.0.2.{n}" for n in range(12)]
        found = failures_from(world.app.test_client(), addresses)
        assert found == [401] * 10 + [429] * 2

    def test_is_what_the_proxy_before_it_says(self, world, settings):
        behind = create_app(replace(settings, trusted_proxies=1))
        try:
            # What the client made up comes first; the proxy adds what it saw.
            honest = [f"203.0.113.{n}" for n in range(12)]
            assert failures_from(behind.test_client(), honest) == [401] * 12
            liars = [f"203.0.113.{n}, 198.51.100.7" for n in range(12)]
            assert failures_from(behind.test_client(), liars) == [401] * 10 + [429] * 2
        finally:
            behind.engine.dispose()
            hub_settings.use(settings)
        assert world.app.test_client().get("/healthz").status_code == 200
