"""Typed keys of what the application holds."""

from aiohttp import web

from crm_backend.config import Config
from crm_backend.db import Sessions

CONFIG = web.AppKey("config", Config)
SESSIONS = web.AppKey("sessions", Sessions)
REQUEST_ID = web.RequestKey("request_id", str)
