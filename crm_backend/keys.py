"""Typed keys of what the application holds."""

import asyncio

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncEngine

from crm_backend.articles.library import ArticleLibrary
from crm_backend.charts.studio import Studio
from crm_backend.config import Config
from crm_backend.db import Sessions
from crm_backend.learning.process import LearningProcess
from crm_backend.rate_limits import RateLimits
from crm_backend.wakeups import Wakeups

CONFIG = web.AppKey("config", Config)
ENGINE = web.AppKey("engine", AsyncEngine)
SESSIONS = web.AppKey("sessions", Sessions)
ARTICLES = web.AppKey("articles", ArticleLibrary)
WAKEUPS = web.AppKey("wakeups", Wakeups)
SOCKETS: web.AppKey[set[web.WebSocketResponse]] = web.AppKey("sockets", set)
RATE_LIMITS = web.AppKey("rate_limits", RateLimits)
GATEWAY_TASKS: web.AppKey[list[asyncio.Task[None]]] = web.AppKey("gateway_tasks", list)
SOCKET_READS = web.AppKey("socket_reads", asyncio.Semaphore)
STUDIO = web.AppKey("studio", Studio)
LEARNING = web.AppKey("learning", LearningProcess)
REQUEST_ID = web.RequestKey("request_id", str)
