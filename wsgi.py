"""The WSGI entry point for any server: `wsgi:app`."""

from hub_api import create_app, logs

logs.configure()
app = create_app()
