"""The browser and the sites of the tests of the app."""

from tests.web.app.app_browser import app_browser, app_sites, make_app

__all__ = ["app_browser", "app_sites", "make_app"]
