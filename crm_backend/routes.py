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
    products,
    ratings,
    returns,
    search,
    staff,
    ticket_desk,
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
    *products.ENDPOINTS,
    *ratings.ENDPOINTS,
    *returns.ENDPOINTS,
    *search.ENDPOINTS,
    *staff.ENDPOINTS,
    *ticket_desk.ENDPOINTS,
    *tickets.ENDPOINTS,
    *visits.ENDPOINTS,
)
