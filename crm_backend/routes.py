"""The whole URL map of the API."""

from crm_backend.api import Endpoint
from crm_backend.handlers import (
    articles,
    attachments,
    chat,
    chat_controls,
    conversations,
    customers,
    insights,
    orders,
    predictions,
    products,
    ratings,
    returns,
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
    *insights.ENDPOINTS,
    *orders.ENDPOINTS,
    *predictions.ENDPOINTS,
    *products.ENDPOINTS,
    *ratings.ENDPOINTS,
    *returns.ENDPOINTS,
    *staff.ENDPOINTS,
    *tickets.ENDPOINTS,
    *visits.ENDPOINTS,
)
