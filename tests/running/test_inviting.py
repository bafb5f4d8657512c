"""`hub invite`: the first people, whom nobody is there to invite."""

import re

from hub_api import create_app, data_keys, token_keys
from hub_api.settings import Settings
from tests.phone import Phone
from tests.running.program import addresses, hub_in_process


def test_the_first_administrator_is_invited_and_invites_the_others(make_database, tmp_path):
    urls = make_database("hub_invite")
    token_keys.rotate_token_keys(tmp_path / "keys.json")
    data_keys.make_secrets(tmp_path / "data-keys.json")
    environment = {"HUB_DATA_DIR": tmp_path, **addresses(urls)}
    command = ("invite", "Dev@Test.Example", "Dev", "--role", "system_administrator")
    said = hub_in_process(*command, **environment)
    assert said.exit_code == 0, said.output
    code = re.search(r"within 48 hours: ([A-Z2-7-]+)$", said.output, re.M)[1]

    app = create_app(Settings(database=urls, data_dir=tmp_path))
    try:
        phone = Phone(app)
        body = {"code": code, "password": "three random words"}
        tokens = phone.post("/auth/activate", body).json
        phone.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        invited = phone.post("/accounts", {"email": "a@b.example", "display_name": "A"})
        assert invited.status_code == 201
    finally:
        app.engine.dispose()

    again = hub_in_process(*command, **environment)
    assert again.exit_code == 1
    assert "There is already an account for Dev@Test.Example." in again.output
