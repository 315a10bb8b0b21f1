"""Tickets as colleagues work on them: answers, reopening, who sees to what."""

import asyncio
import uuid
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from crm_backend.app import create_app
from crm_backend.models import Message, OutboxMail, Ticket, TicketEvent
from tests.crm_backend.fixtures_gateway import Gateway
from tests.crm_backend.shop import Shop, refusal

pytest_plugins = ("tests.crm_backend.fixtures_gateway",)

NOWHERE: dict[str, Any] = {"allow_redirects": False}


async def events(shop: Shop, ticket: Ticket) -> list[tuple[str, str | None]]:
    async with shop.sessions() as session:
        query = select(TicketEvent).where(TicketEvent.ticket_id == ticket.id)
        found = await session.scalars(query.order_by(TicketEvent.id))
        return [(event.kind, event.body) for event in found]


async def status_of(shop: Shop, ticket: Ticket) -> str:
    return (await shop.load(Ticket, id=ticket.id)).status


async def act(client: Any, shop: Shop, ticket: Ticket, what: str, **form: str) -> Any:
    who = form.pop("who", None) or shop.carol
    headers = await shop.cookie(who)
    return await client.post(
        f"/console/tickets/{ticket.number}/{what}",
        data=form,
        headers=headers,
        **NOWHERE,
    )


async def answer(
    client: Any, shop: Shop, ticket: Ticket, text: str, *, key: str = "", **form: str
) -> Any:
    form |= {"text": text, "client_message_id": key or str(uuid.uuid4())}
    return await act(client, shop, ticket, "reply", **form)


def notice(response: Any) -> str:
    assert response.status == 303
    return str(response.headers["Location"].partition("notice=")[2].partition("#")[0])


async def chat_with_ticket(shop: Shop, **values: Any) -> tuple[Any, Ticket]:
    conversation = await shop.add_conversation(shop.alice)
    ticket = await shop.add_ticket(
        customer_id=shop.alice.id, conversation_id=conversation.id, **values
    )
    return conversation, ticket


async def test_answer_appears_in_the_chat(client: Any, shop: Shop) -> None:
    conversation, ticket = await chat_with_ticket(shop)
    assert notice(await answer(client, shop, ticket, "It is on its way.")) == "sent"
    said = await shop.load(Message, conversation_id=conversation.id, sender="agent")
    assert said.text == "It is on its way."
    assert await events(shop, ticket) == [
        ("replied", "It is on its way."),
        ("status_changed", "open -> pending"),
    ]
    assert await shop.count(OutboxMail) == 0


async def test_answer_goes_by_mail_where_there_is_no_chat(
    client: Any, shop: Shop
) -> None:
    ticket = await shop.add_ticket(customer_id=shop.alice.id, language="zh")
    await answer(client, shop, ticket, "已为您补发。", status="resolved")
    mail = await shop.load(OutboxMail)
    assert mail.recipient == "alice@example.com"
    assert ticket.number in mail.subject
    assert mail.body.startswith("已为您补发。")
    assert f"您的工单号：{ticket.number}" in mail.body
    assert await status_of(shop, ticket) == "resolved"


async def test_answer_goes_both_ways_on_request(client: Any, shop: Shop) -> None:
    conversation, ticket = await chat_with_ticket(shop)
    await answer(client, shop, ticket, "Both.", by_mail="1")
    assert (await shop.load(OutboxMail)).body.startswith("Both.")
    assert await shop.load(Message, conversation_id=conversation.id, sender="agent")


async def test_answer_that_reaches_nobody_is_refused(client: Any, shop: Shop) -> None:
    ticket = await shop.add_ticket()
    response = await answer(client, shop, ticket, "Hello?")
    page = await response.text()
    assert response.status == 400
    assert "cannot reach them" in page
    assert await events(shop, ticket) == []


async def test_answer_needs_a_mail_server(aiohttp_client: Any, shop: Shop) -> None:
    client = await aiohttp_client(create_app(replace(shop.config, demo=False)))
    ticket = await shop.add_ticket(customer_id=shop.alice.id)
    response = await answer(client, shop, ticket, "Hello?")
    assert response.status == 503
    assert "No mail server" in await response.text()


async def test_double_submit_answers_once(client: Any, shop: Shop) -> None:
    ticket = await shop.add_ticket(customer_id=shop.alice.id)
    key = str(uuid.uuid4())
    for _ in range(2):
        assert notice(await answer(client, shop, ticket, "Once", key=key)) == "sent"
    assert await shop.count(OutboxMail) == 1
    response = await answer(client, shop, ticket, "Other words", key=key)
    assert response.status == 409
    assert "Other words</textarea>" in await response.text()


async def test_closed_ticket_takes_no_answer(client: Any, shop: Shop) -> None:
    ticket = await shop.add_ticket(customer_id=shop.alice.id, status="closed")
    response = await answer(client, shop, ticket, "Too late")
    assert response.status == 409
    assert "takes notes only" in await response.text()
    assert await shop.count(OutboxMail) == 0


async def test_empty_answer_is_refused(client: Any, shop: Shop) -> None:
    ticket = await shop.add_ticket(customer_id=shop.alice.id)
    response = await answer(client, shop, ticket, " \n")
    assert response.status == 400
    assert "Please write something" in await response.text()


async def test_customers_answer_reopens(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    async with gateway.sessions.begin() as session:
        ticket = Ticket(
            number="T-123456",
            subject="x",
            description="x",
            category="other",
            status="open",
            priority="low",
            conversation_id=chat.id,
        )
        session.add(ticket)
    staff = await gateway.cookie(gateway.carol)
    body = {
        "client_message_id": str(uuid.uuid4()),
        "text": "Done, I think.",
        "status": "resolved",
    }
    status, shown = await gateway.call(
        "POST", "tickets/T-123456/reply", body, headers=staff
    )
    assert status == 200, shown
    for text in ("No, it is not", "Really not"):
        status, _ = await chat.post(text)
        assert status == 202
    (ticket,) = await gateway.tickets()
    assert (ticket.status, ticket.resolved_at) == ("open", None)
    kinds = [event.kind for event in await gateway.rows(TicketEvent)]
    # Their second line answers nothing any more.
    assert kinds == ["replied", "status_changed", "answered", "status_changed"]


async def test_words_to_the_assistant_reopen_nothing(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    async with gateway.sessions.begin() as session:
        session.add(
            Ticket(
                number="T-123456",
                subject="x",
                description="x",
                category="other",
                status="resolved",
                priority="low",
                conversation_id=chat.id,
            )
        )
    await chat.ask("what became of T-123456?")
    (ticket,) = await gateway.tickets()
    assert ticket.status == "resolved"


async def test_customer_reopens_their_own(client: Any, shop: Shop) -> None:
    ticket = await shop.add_ticket(customer_id=shop.alice.id, status="resolved")
    url = f"/api/v1/tickets/{ticket.number}/reopen"
    for who in (shop.bob, None):
        response = await client.post(url, headers=await shop.headers(who))
        assert await refusal(response) == (404, "ticket_not_found")
    for _ in range(2):
        response = await client.post(url, headers=await shop.headers(shop.alice))
        assert (await response.json())["status"] == "open"
    assert await events(shop, ticket) == [("status_changed", "resolved -> open")]


async def test_closed_ticket_stays_closed(client: Any, shop: Shop) -> None:
    ticket = await shop.add_ticket(customer_id=shop.alice.id, status="closed")
    response = await client.post(
        f"/api/v1/tickets/{ticket.number}/reopen",
        headers=await shop.headers(shop.alice),
    )
    assert await refusal(response) == (409, "ticket_closed")


async def test_closing_twice_says_so(client: Any, shop: Shop) -> None:
    ticket = await shop.add_ticket()
    first = await act(client, shop, ticket, "change", status="closed")
    again = await act(client, shop, ticket, "change", status="closed")
    assert (notice(first), notice(again)) == ("saved", "already_closed")
    page = await client.get(
        again.headers["Location"], headers=await shop.cookie(shop.carol)
    )
    assert "was closed already" in await page.text()
    assert await events(shop, ticket) == [("status_changed", "open -> closed")]


async def test_two_agents_close_at_once(client: Any, shop: Shop) -> None:
    ticket = await shop.add_ticket()
    both = [
        act(client, shop, ticket, "change", status="closed", who=who)
        for who in (shop.carol, shop.mona)
    ]
    told = sorted(notice(response) for response in await asyncio.gather(*both))
    assert told == ["already_closed", "saved"]
    assert len(await events(shop, ticket)) == 1


async def test_page_changes_state_priority_and_assignee(
    client: Any, shop: Shop
) -> None:
    ticket = await shop.add_ticket(status="resolved", resolved_at=shop.now)
    form = {"status": "open", "priority": "high", "assignee": str(shop.carol.id)}
    assert notice(await act(client, shop, ticket, "change", **form)) == "reopened"
    assert notice(await act(client, shop, ticket, "change", **form)) == "unchanged"
    form = {"assignee": "nobody"}
    assert notice(await act(client, shop, ticket, "change", **form)) == "saved"
    assert await events(shop, ticket) == [
        ("assigned", "Carol"),
        ("status_changed", "resolved -> open"),
        ("priority_changed", "low -> high"),
        ("assigned", ""),
    ]


async def test_ticket_is_not_given_to_who_answers_nobody(
    client: Any, shop: Shop
) -> None:
    ticket = await shop.add_ticket()
    response = await act(client, shop, ticket, "change", assignee=str(shop.rita.id))
    assert response.status == 400
    assert (await shop.load(Ticket, id=ticket.id)).assignee_id is None
    url = f"/api/v1/tickets/{ticket.number}/assignee"
    headers = await shop.cookie(shop.carol)
    for email, status in ((shop.carol.email, 200), ("nobody@x.example", 400)):
        response = await client.put(url, json={"email": email}, headers=headers)
        assert response.status == status
    assert (await shop.load(Ticket, id=ticket.id)).assignee_id == shop.carol.id


async def test_note_stays_among_colleagues(client: Any, shop: Shop) -> None:
    ticket = await shop.add_ticket(customer_id=shop.alice.id)
    assert notice(await act(client, shop, ticket, "note", note="Angry!")) == "noted"
    shown = await client.get(
        f"/api/v1/tickets/{ticket.number}", headers=await shop.headers(shop.alice)
    )
    assert "Angry!" not in await shown.text()
    page = await client.get(
        f"/console/tickets/{ticket.number}", headers=await shop.cookie(shop.carol)
    )
    assert "Angry!" in await page.text()


async def listed(client: Any, shop: Shop, query: str = "") -> list[str]:
    response = await client.get(
        f"/console/tickets?{query}", headers=await shop.cookie(shop.carol)
    )
    assert response.status == 200
    page = await response.text()
    return [
        part.partition('"')[0] for part in page.split('href="/console/tickets/')[1:]
    ]


async def test_list_filters_and_sorts(client: Any, shop: Shop) -> None:
    for number, values in {
        "T-1": {"priority": "low", "category": "refund"},
        "T-2": {"priority": "urgent", "status": "pending"},
        "T-3": {"priority": "high", "status": "closed", "assignee_id": shop.carol.id},
    }.items():
        await shop.add_ticket(number=number, **values)
    assert await listed(client, shop) == ["T-3", "T-2", "T-1"]
    assert await listed(client, shop, "sort=oldest") == ["T-1", "T-2", "T-3"]
    assert await listed(client, shop, "sort=priority") == ["T-2", "T-3", "T-1"]
    assert await listed(client, shop, "sort=due") == ["T-1", "T-2", "T-3"]
    assert await listed(client, shop, "status=unfinished") == ["T-2", "T-1"]
    assert await listed(client, shop, "status=closed") == ["T-3"]
    assert await listed(client, shop, "priority=urgent") == ["T-2"]
    assert await listed(client, shop, "category=refund") == ["T-1"]
    assert await listed(client, shop, "assignee=nobody") == ["T-2", "T-1"]
    assert await listed(client, shop, f"assignee={shop.carol.id}") == ["T-3"]
    assert await listed(client, shop, "sla=overdue") == []
    nonsense = "status=x&priority=x&assignee=x&sla=x&sort=x&page=x"
    assert len(await listed(client, shop, nonsense)) == 3


async def test_list_has_pages(client: Any, shop: Shop) -> None:
    for n in range(30):
        await shop.add_ticket(number=f"T-{n:03}")
    assert len(await listed(client, shop)) == 25
    assert await listed(client, shop, "page=2") == [
        f"T-{n:03}" for n in range(4, -1, -1)
    ]


@pytest.mark.parametrize("path", ["", "/T-1", "/T-1/reply", "/T-1/change"])
async def test_only_colleagues_in_service_see_tickets(
    client: Any, shop: Shop, path: str
) -> None:
    await shop.add_ticket(number="T-1", subject="secret")
    send = client.post if path.count("/") > 1 else client.get
    for who in (None, shop.rita):
        headers = await shop.cookie(who) if who else {}
        response = await send(f"/console/tickets{path}", headers=headers, **NOWHERE)
        assert response.status == (403 if who else 303)
        assert "secret" not in await response.text()


async def test_forms_of_other_sites_are_refused(client: Any, shop: Shop) -> None:
    ticket = await shop.add_ticket()
    headers = await shop.cookie(shop.carol) | {"Origin": "https://evil.example"}
    response = await client.post(
        f"/console/tickets/{ticket.number}/change",
        data={"status": "closed"},
        headers=headers,
        **NOWHERE,
    )
    assert response.status == 403
    assert await status_of(shop, ticket) == "open"


async def test_html_in_a_ticket_is_text(client: Any, shop: Shop) -> None:
    ticket = await shop.add_ticket(
        subject="<b>bold</b>", description="<script>alert(1)</script>"
    )
    headers = await shop.cookie(shop.carol)
    for path in ("/console/tickets", f"/console/tickets/{ticket.number}"):
        page = await (await client.get(path, headers=headers)).text()
        assert "<b>bold" not in page
        assert "<script>alert" not in page
    page = await client.get("/console/tickets/T-000", headers=headers)
    assert page.status == 404
