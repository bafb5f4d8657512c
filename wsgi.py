"""The WSGI entry point for any server: `wsgi:app`."""

from hub_api import create_app

app = create_app()
