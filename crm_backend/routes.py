"""The whole URL map of the API."""

from crm_backend.api import Endpoint
from crm_backend.handlers import (
    articles,
    chat,
    conversations,
    customers,
    insights,
    orders,
    products,
    returns,
    staff,
    tickets,
    visits,
)

ENDPOINTS: tuple[Endpoint, ...] = (
    *articles.ENDPOINTS,
    *chat.ENDPOINTS,
    *conversations.ENDPOINTS,
    *customers.ENDPOINTS,
    *insights.ENDPOINTS,
    *orders.ENDPOINTS,
    *products.ENDPOINTS,
    *returns.ENDPOINTS,
    *staff.ENDPOINTS,
    *tickets.ENDPOINTS,
    *visits.ENDPOINTS,
)
