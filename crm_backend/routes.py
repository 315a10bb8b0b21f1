"""The whole URL map of the API."""

from crm_backend.api import Endpoint
from crm_backend.handlers import (
    articles,
    attachments,
    chat,
    chat_controls,
    conversations,
    customers,
    demand,
    insights,
    orders,
    products,
    ratings,
    returns,
    segments,
    staff,
    tickets,
    visits,
)

ENDPOINTS: tuple[Endpoint, ...] = (
    *articles.ENDPOINTS,
    *attachments.ENDPOINTS,
    *chat.ENDPOINTS,
    *chat_controls.ENDPOINTS,
    *conversations.ENDPOINTS,
    *customers.ENDPOINTS,
    *demand.ENDPOINTS,
    *insights.ENDPOINTS,
    *orders.ENDPOINTS,
    *products.ENDPOINTS,
    *ratings.ENDPOINTS,
    *returns.ENDPOINTS,
    *segments.ENDPOINTS,
    *staff.ENDPOINTS,
    *tickets.ENDPOINTS,
    *visits.ENDPOINTS,
)
