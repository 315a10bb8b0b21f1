"""Typed keys of what the application holds."""

from aiohttp import web

from crm_backend.articles.library import ArticleLibrary
from crm_backend.config import Config
from crm_backend.db import Sessions
from crm_backend.sign_in_limit import SignInLimit
from crm_backend.wakeups import Wakeups

CONFIG = web.AppKey("config", Config)
SESSIONS = web.AppKey("sessions", Sessions)
ARTICLES = web.AppKey("articles", ArticleLibrary)
WAKEUPS = web.AppKey("wakeups", Wakeups)
SOCKETS: web.AppKey[set[web.WebSocketResponse]] = web.AppKey("sockets", set)
SIGN_IN_LIMIT = web.AppKey("sign_in_limit", SignInLimit)
REQUEST_ID = web.RequestKey("request_id", str)
