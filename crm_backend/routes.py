"""The whole URL map of the API."""

from crm_backend.api import Endpoint
from crm_backend.handlers import (
    articles,
    attachments,
    campaigns,
    chat,
    chat_controls,
    conversations,
    customers,
    forecasts,
    insights,
    opportunities,
    orders,
    products,
    ratings,
    returns,
    search,
    staff,
    tickets,
    visits,
)

ENDPOINTS: tuple[Endpoint, ...] = (
    *articles.ENDPOINTS,
    *attachments.ENDPOINTS,
    *campaigns.ENDPOINTS,
    *chat.ENDPOINTS,
    *chat_controls.ENDPOINTS,
    *conversations.ENDPOINTS,
    *customers.ENDPOINTS,
    *forecasts.ENDPOINTS,
    *insights.ENDPOINTS,
    *opportunities.ENDPOINTS,
    *orders.ENDPOINTS,
    *products.ENDPOINTS,
    *ratings.ENDPOINTS,
    *returns.ENDPOINTS,
    *search.ENDPOINTS,
    *staff.ENDPOINTS,
    *tickets.ENDPOINTS,
    *visits.ENDPOINTS,
)
