"""The logs of a hub run as an operator runs it, searched for everybody in its demo data."""

import json
from itertools import chain


def people_and_places(hub):
    """Every name, address and password of the demo data, as those who may see it see it."""
    found = {login[part] for login in hub.logins.values() for part in ("email", "password")}
    for name in ("hub_carer", "other_hub_carer", "satellite_carer", "other_satellite_carer"):
        with hub.http(name) as http:
            found.add(http.get("/api/v1/me").json()["display_name"])
            found.add(http.headers["Authorization"].partition(" ")[2])
            for place in http.get("/api/v1/constellations").json()["items"]:
                found |= {place["name"], place["hub_home"]["name"], *place["liaison_workers"]}
                beds = http.get(f"/api/v1/constellations/{place['id']}/beds").json()["items"]
                found |= {bed["label"] for bed in beds}
            for home in http.get("/api/v1/households").json()["items"]:
                found |= {home["name"], *(adult["name"] for adult in home["adults"])}
                found |= {child["first_name"] for child in home["children"]}
    return found


def said(hub):
    """All that the hub's processes have written, but for the logins it greets with."""
    logged = {path.name: path.read_text() for path in hub.data_dir.rglob("*.log")}
    greeted = [
        line
        for line in hub.said().splitlines()
        if not any(login["email"] in line for login in hub.logins.values())
    ]
    return {**logged, "the supervisor": "\n".join(greeted)}


class TestTheLogs:
    def test_name_nobody(self, running_hub):
        secrets = people_and_places(running_hub)
        with running_hub.http() as stranger:
            for login in running_hub.logins.values():
                wrong = {**login, "password": f"{login['password']}x"}
                assert stranger.post("/api/v1/auth/login", json=wrong).status_code == 401
        texts = said(running_hub)
        assert {"api", "worker"} <= {name.split("-")[0].split(".")[0] for name in texts}
        assert "/api/v1/auth/login" in "".join(texts.values())
        assert len(secrets) >= 30
        found = {
            (name, secret) for name, text in texts.items() for secret in secrets if secret in text
        }
        assert found == set()

    def test_are_json_a_line_each(self, running_hub):
        lines = chain.from_iterable(
            text.splitlines() for name, text in said(running_hub).items() if name.startswith("api")
        )
        assert all("event" in json.loads(line) for line in lines)
