"""Rotating the token keys under running processes: nobody is logged out."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from hub_api import create_app, token_keys
from hub_api import settings as hub_settings
from tests.phone import Phone


@pytest.fixture
def two(world, settings, tmp_path):
    """Two processes of one hub, each with the ring as it was when it started."""
    path = tmp_path / "keys.json"
    token_keys.rotate_token_keys(path)
    apps = [create_app(replace(settings, keys_file=path)) for _ in range(2)]
    yield path, [lambda app=app: Phone(app, world.here.hub_carer) for app in apps]
    for app in apps:
        app.engine.dispose()
    hub_settings.use(settings)


def works(phone, app):
    return app.test_client().get("/api/v1/me", headers=phone.headers).status_code == 200


class TestRotating:
    def test_is_followed_by_every_process_at_once(self, two):
        path, (first, second) = two
        before = first()
        kid = token_keys.rotate_token_keys(path)
        after = second()
        assert f'"current": "{kid}"' in path.read_text()
        for phone in (before, after):
            for app in (before.app, after.app):
                assert works(phone, app), "nobody is logged out"

    def test_twice_ends_what_the_first_key_signed_for_those_who_look(self, two):
        path, (first, second) = two
        before = first()
        for _ in range(2):
            token_keys.rotate_token_keys(path)
        assert works(second(), before.app)  # which makes it look
        assert not works(before, before.app)

    def test_to_a_file_that_can_not_be_read_changes_nothing(self, two):
        path, (first, _) = two
        before = first()
        path.write_text("{}")
        assert works(before, before.app)
        assert works(first(), before.app)

    def test_at_once_loses_no_key(self, tmp_path):
        path = tmp_path / "keys.json"
        token_keys.rotate_token_keys(path)
        with ThreadPoolExecutor(8) as pool:
            made = [*pool.map(lambda _: token_keys.rotate_token_keys(path), range(8))]
        ring = token_keys.load_token_keys(path)
        assert ring.current in made
        assert set(ring.keys) <= set(made)
        assert len(ring.keys) == token_keys.KEPT_KEYS
