"""The CRM's REST API, one method per endpoint.

`CrmClient` owns the connections of the process. `CrmClient.acting(...)` gives a
`CrmCaller`, which speaks for one person in one turn. Statuses become exceptions
here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import aiohttp
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random,
)

from actions.config import Config
from actions.crm_catalogue import CatalogueCalls
from actions.crm_errors import (
    CrmError,
    CrmForbidden,
    CrmNotFound,
    CrmRejected,
    CrmUnavailable,
    CrmVerificationRequired,
)
from actions.crm_insights import InsightCalls
from actions.crm_records import (
    Json,
    Order,
    Refund,
    Return,
    Ticket,
)
from actions.crm_sales import SalesCalls
from actions.crm_segments import SegmentCalls

T = TypeVar("T")

# The CRM closes an idle connection after 75 s (aiohttp's default); stay below it,
# so that a connection is not reused in the moment it is closed.
IDLE_SECONDS = 30


class CrmClient:
    """Connections to the CRM, shared by all actions of the process."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Start the connection pool; needs a running event loop."""
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {self._config.crm_service_token}"},
            timeout=aiohttp.ClientTimeout(total=self._config.crm_timeout_seconds),
            connector=aiohttp.TCPConnector(keepalive_timeout=IDLE_SECONDS),
            # One session serves many people: nothing may stick to it.
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def close(self) -> None:
        """Close all connections."""
        if self._session:
            await self._session.close()

    def acting(self, claims: str, idempotency_key: str) -> CrmCaller:
        """Speak for the person in `claims`; the key makes a write happen once."""
        return CrmCaller(self, claims, idempotency_key)

    async def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str | int] | None = None,
        body: Json | None = None,
        number: str = "",
    ) -> Json:
        """Ask the CRM, a second time if the connection failed.

        Every write carries an Idempotency-Key, so a second try is safe; a request
        that ran into its time limit is not tried again, a turn has no time for it.

        Raises:
            CrmError: one of its kinds, see crm_errors.
        """
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(
                (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)
            ),
            stop=stop_after_attempt(2),
            wait=wait_random(0.02, 0.1),
            reraise=True,
        )
        try:
            async for attempt in retrying:
                with attempt:
                    return await self._send_once(
                        method, path, dict(headers), params, body, number
                    )
        except (TimeoutError, aiohttp.ClientError) as err:
            raise CrmUnavailable("crm_unavailable", type(err).__name__) from err
        raise CrmUnavailable("crm_unavailable")

    async def _send_once(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        params: Mapping[str, str | int] | None,
        body: Json | None,
        number: str,
    ) -> Json:
        if self._session is None:
            raise CrmUnavailable("crm_client_closed")
        url = f"{self._config.crm_url}/api/v1{path}"
        async with self._session.request(
            method,
            url,
            params=params,
            json=body,
            headers=headers,
            allow_redirects=False,
        ) as response:
            if response.status >= 500:
                raise CrmUnavailable("crm_unavailable", f"status {response.status}")
            try:
                answer = await response.json()
            except ValueError as err:
                raise CrmUnavailable("crm_unreadable", "not JSON") from err
        if not isinstance(answer, dict):
            raise CrmUnavailable("crm_unreadable", "not an object")
        if response.status >= 400:
            raise _error(response.status, answer, number)
        return answer


class CrmCaller(InsightCalls, CatalogueCalls, SegmentCalls, SalesCalls):
    """The endpoints, for one person in one turn."""

    def __init__(self, client: CrmClient, claims: str, idempotency_key: str) -> None:
        self._client = client
        self._headers = {"X-Deskmate-Claims": claims}
        self._idempotency_key = idempotency_key

    async def list_orders(self, limit: int = 10) -> list[Order]:
        """The customer's own orders, newest first."""
        return await self._get_items("/orders", Order.from_json, {"limit": limit})

    async def get_order(self, number: str) -> Order:
        """One order."""
        return await self._get(f"/orders/{_part(number)}", Order.from_json, number)

    async def cancel_order(self, number: str) -> Order:
        """Cancel an order that was not shipped."""
        path = f"/orders/{_part(number)}/cancel"
        return await self._post(path, {}, Order.from_json, number)

    async def change_address(self, number: str, address: str) -> Order:
        """Send an order elsewhere."""
        path = f"/orders/{_part(number)}/address"
        return await self._post(path, {"text": address}, Order.from_json, number)

    async def request_return(self, number: str, reason: str) -> Return:
        """Announce that an order is sent back."""
        path = f"/orders/{_part(number)}/returns"
        return await self._post(path, {"reason": reason}, Return.from_json, number)

    async def list_returns(self, number: str) -> list[Return]:
        """The returns of an order."""
        path = f"/orders/{_part(number)}/returns"
        return await self._get_items(path, Return.from_json, number=number)

    async def list_refunds(self, number: str | None = None) -> list[Refund]:
        """The refunds of an order, or of all orders of the customer."""
        params: dict[str, str | int] = {"order": number} if number else {}
        return await self._get_items("/refunds", Refund.from_json, params, number or "")

    async def open_ticket(
        self,
        *,
        subject: str,
        description: str,
        category: str,
        order_number: str | None = None,
        sentiment: Json | None = None,
    ) -> Ticket:
        """Open a ticket; the CRM attaches the conversation."""
        body: dict[str, Any] = {
            "subject": subject,
            "description": description,
            "category": category,
        }
        if order_number:
            body["order_number"] = order_number
        if sentiment:
            body["sentiment"] = dict(sentiment)
        return await self._post("/tickets", body, Ticket.from_json, order_number or "")

    async def get_ticket(self, number: str) -> Ticket:
        """One ticket."""
        return await self._get(f"/tickets/{_part(number)}", Ticket.from_json, number)

    async def list_tickets(self) -> list[Ticket]:
        """The person's tickets, newest first."""
        return await self._get_items("/tickets", Ticket.from_json)

    async def list_open_tickets(self, limit: int = 5) -> list[Ticket]:
        """The newest open tickets; of all customers, for staff."""
        params: dict[str, str | int] = {"status": "open", "limit": limit}
        return await self._get_items("/tickets", Ticket.from_json, params)

    async def count_waiting_conversations(self) -> int:
        """How many customers wait for a person, up to 100; for those who serve."""
        params: dict[str, str | int] = {"mode": "waiting", "limit": 100}
        return len(await self._get_items("/conversations", dict, params))

    async def _read(
        self,
        path: str,
        params: Mapping[str, str | int | None],
        reads: Callable[[Json], T],
    ) -> T:
        given = {name: value for name, value in params.items() if value is not None}
        answer = await self._client.send(
            "GET", path, headers=self._headers, params=given
        )
        return _read(reads, answer)

    async def _get(self, path: str, reads: Callable[[Json], T], number: str) -> T:
        answer = await self._client.send(
            "GET", path, headers=self._headers, number=number
        )
        return _read(reads, answer)

    async def _get_items(
        self,
        path: str,
        reads: Callable[[Json], T],
        params: Mapping[str, str | int] | None = None,
        number: str = "",
    ) -> list[T]:
        answer = await self._client.send(
            "GET", path, headers=self._headers, params=params, number=number
        )
        return _read(lambda page: [reads(item) for item in page["items"]], answer)

    async def _post(
        self, path: str, body: Json, reads: Callable[[Json], T], number: str
    ) -> T:
        headers = self._headers | {"Idempotency-Key": self._idempotency_key}
        answer = await self._client.send(
            "POST", path, headers=headers, body=body, number=number
        )
        return _read(reads, answer)


def _part(number: str) -> str:
    return quote(number, safe="")


def _read(reads: Callable[[Json], T], answer: Json) -> T:
    try:
        return reads(answer)
    except (KeyError, TypeError, ValueError, AttributeError) as err:
        raise CrmUnavailable("crm_unreadable", f"{type(err).__name__} {err}") from err


def _error(status: int, answer: Json, number: str) -> CrmError:
    error = answer.get("error")
    if not isinstance(error, dict) or not isinstance(error.get("code"), str):
        return CrmUnavailable("crm_unreadable", f"status {status} without a code")
    code, message = error["code"], str(error.get("message", ""))
    if code == "verification_required":
        return CrmVerificationRequired(code, message)
    if status == 403:
        return CrmForbidden(code, message)
    if status == 404:
        return CrmNotFound(code, message, number)
    if status in (400, 409, 410, 422):
        return CrmRejected(code, message, error.get("details"))
    # 401 and 429 are between the two servers: nothing the customer can do.
    return CrmUnavailable(code, message)
