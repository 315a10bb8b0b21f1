"""The whole URL map of the API."""

from crm_backend.api import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = ()
