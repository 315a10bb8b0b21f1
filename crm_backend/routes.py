"""The whole URL map of the API."""

from crm_backend.api import Endpoint
from crm_backend.handlers import (
    chat,
    customers,
    orders,
    products,
    returns,
    staff,
    tickets,
    visits,
)

ENDPOINTS: tuple[Endpoint, ...] = (
    *chat.ENDPOINTS,
    *customers.ENDPOINTS,
    *orders.ENDPOINTS,
    *products.ENDPOINTS,
    *returns.ENDPOINTS,
    *staff.ENDPOINTS,
    *tickets.ENDPOINTS,
    *visits.ENDPOINTS,
)
