"""The HTTP side of Analyst Brief: JSON API, pages, workers. It imports the summarizer, never the reverse."""

from service.app import create_app, real_core, run, serve
from service.core import Core
from service.schema import Brief
from service.settings import Settings, load_settings, parse_settings

__all__ = [
    "Brief",
    "Core",
    "Settings",
    "create_app",
    "load_settings",
    "parse_settings",
    "real_core",
    "run",
    "serve",
]
