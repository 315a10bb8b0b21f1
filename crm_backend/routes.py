"""The whole URL map of the API."""

from crm_backend.api import Endpoint
from crm_backend.handlers import staff

ENDPOINTS: tuple[Endpoint, ...] = (*staff.ENDPOINTS,)
