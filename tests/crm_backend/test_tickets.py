"""Tickets over HTTP."""

import asyncio

import pytest

from crm_backend.models import Ticket, TicketEvent
from tests.crm_backend.shop import Shop, refusal

NEW = {"subject": "Broken", "description": "It is broken.", "category": "product"}


async def open_ticket(client, headers, **values):
    return await client.post("/api/v1/tickets", json=NEW | values, headers=headers)


async def test_visitor_opens_a_ticket_and_finds_it_again(client, shop: Shop):
    conversation = await shop.add_conversation()
    headers = await shop.headers(None, conversation=conversation)
    response = await open_ticket(client, headers)
    assert response.status == 201
    shown = await response.json()
    assert (shown["status"], shown["priority"]) == ("open", "low")
    found = await client.get(f"/api/v1/tickets/{shown['number']}", headers=headers)
    assert await found.json() == shown
    listed = await client.get("/api/v1/tickets", headers=headers)
    assert (await listed.json())["items"] == [shown]


async def test_transcript_is_what_was_really_said(client, shop: Shop):
    conversation = await shop.add_conversation()
    for seq in range(1, 61):
        await shop.add_message(conversation, seq, f"line {seq}")
    await shop.add_message(conversation, 61, "never sent", suppressed=True)
    await shop.add_message(conversation, 62, None, sender="bot")
    headers = await shop.headers(None, conversation=conversation)
    number = (await (await open_ticket(client, headers)).json())["number"]
    transcript = (await shop.load(Ticket, number=number)).transcript
    assert [line["text"] for line in transcript] == [f"line {n}" for n in range(11, 61)]


async def test_opening_is_an_event(client, shop: Shop):
    await open_ticket(client, await shop.headers(shop.alice))
    event = await shop.load(TicketEvent)
    assert (event.kind, event.actor) == ("opened", "customer:C-100001")


@pytest.mark.parametrize(
    ("category", "upset", "priority"),
    [
        ("product", None, "low"),
        ("feedback", None, "low"),
        ("payment", None, "medium"),
        ("order", False, "medium"),
        ("product", True, "high"),
        ("complaint", None, "high"),
        ("complaint", False, "high"),
    ],
)
async def test_anger_makes_a_ticket_pressing(
    client, shop: Shop, category, upset, priority
):
    mood = {"label": "negative", "score": -0.5, "upset": upset}
    sentiment = mood if upset is not None else None
    response = await open_ticket(
        client,
        await shop.headers(shop.alice),
        category=category,
        sentiment=sentiment,
    )
    assert (await response.json())["priority"] == priority


async def test_own_order_is_linked(client, shop: Shop):
    order = await shop.add_order(shop.alice)
    response = await open_ticket(
        client, await shop.headers(shop.alice), order_number=order.number.lower()
    )
    shown = await response.json()
    assert shown["order_number"] == order.number
    assert shown["description"] == NEW["description"]


@pytest.mark.parametrize("name", ["bob", None])
async def test_order_of_another_is_only_written_down(client, shop: Shop, name):
    order = await shop.add_order(shop.alice)
    who = getattr(shop, name) if name else None
    headers = await shop.headers(who, language="zh")
    response = await open_ticket(client, headers, order_number=order.number)
    shown = await response.json()
    assert shown["order_number"] is None
    assert shown["description"].endswith(f"提供的订单号：{order.number}")
    assert (await shop.load(Ticket)).customer_id != shop.alice.id


async def test_repeated_request_opens_one_ticket(client, shop: Shop):
    headers = await shop.headers(None, key="turn-1:open_ticket")
    first, again = (
        await open_ticket(client, headers),
        await open_ticket(client, headers),
    )
    assert await first.json() == await again.json()
    assert await shop.count(Ticket) == 1


async def test_stranger_finds_nothing(client, shop: Shop):
    ticket = await shop.add_ticket(customer_id=shop.alice.id)
    url = f"/api/v1/tickets/{ticket.number}"
    for who in (shop.bob, None):
        headers = await shop.headers(who)
        assert await refusal(await client.get(url, headers=headers)) == (
            404,
            "ticket_not_found",
        )
        listed = await client.get("/api/v1/tickets", headers=headers)
        assert (await listed.json())["items"] == []
    assert await refusal(await client.get(url)) == (401, "unauthenticated")


@pytest.mark.parametrize(
    "values",
    [
        {"subject": ""},
        {"subject": "x" * 201},
        {"subject": "two\nlines"},
        {"description": "x" * 10_001},
        {"description": "\x00"},
        {"category": "weather"},
        {"sentiment": {"label": "negative", "score": -1.1}},
        {"order_number": "x" * 41},
        {"priority": "urgent"},
    ],
)
async def test_bad_ticket_is_refused(client, shop: Shop, values):
    response = await open_ticket(client, await shop.headers(None), **values)
    assert await refusal(response) == (400, "invalid_request")


async def test_long_description_is_kept(client, shop: Shop):
    text = "愤怒\n" * 3_333
    response = await open_ticket(client, await shop.headers(None), description=text)
    assert (await response.json())["description"] == text.strip()


async def test_agent_moves_a_ticket_on(client, shop: Shop):
    ticket = await shop.add_ticket(customer_id=shop.alice.id)
    url, headers = f"/api/v1/tickets/{ticket.number}", await shop.cookie(shop.carol)
    change = {"status": "resolved", "priority": "urgent", "note": "Sent a new one."}
    response = await client.patch(url, json=change, headers=headers)
    shown = await response.json()
    assert (shown["status"], shown["priority"]) == ("resolved", "urgent")
    assert (await shop.load(Ticket, id=ticket.id)).resolved_at is not None
    history = await (await client.get(f"{url}/history", headers=headers)).json()
    assert [(e["kind"], e["body"]) for e in history["events"]] == [
        ("status_changed", "open -> resolved"),
        ("priority_changed", "low -> urgent"),
        ("note", "Sent a new one."),
    ]
    assert history["customer_number"] == "C-100001"


async def test_closed_ticket_cannot_be_reopened(client, shop: Shop):
    ticket = await shop.add_ticket(status="closed")
    url, headers = f"/api/v1/tickets/{ticket.number}", await shop.cookie(shop.carol)
    response = await client.patch(url, json={"status": "open"}, headers=headers)
    assert await refusal(response) == (409, "ticket_closed")
    response = await client.patch(url, json={"note": "Thanks"}, headers=headers)
    assert response.status == 200


async def test_only_service_staff_change_tickets(client, shop: Shop):
    ticket = await shop.add_ticket(customer_id=shop.alice.id)
    url = f"/api/v1/tickets/{ticket.number}"
    for who in (shop.alice, shop.rita, None):
        response = await client.patch(
            url, json={"status": "closed"}, headers=await shop.headers(who)
        )
        assert await refusal(response) == (403, "forbidden")
    missing = await client.patch(
        "/api/v1/tickets/T-0", json={}, headers=await shop.cookie(shop.carol)
    )
    assert await refusal(missing) == (404, "ticket_not_found")


async def test_staff_list_tickets_by_status(client, shop: Shop):
    await shop.add_ticket(status="closed")
    ticket = await shop.add_ticket(status="pending")
    response = await client.get(
        "/api/v1/tickets",
        params={"status": "pending"},
        headers=await shop.cookie(shop.carol),
    )
    items = (await response.json())["items"]
    assert [item["number"] for item in items] == [ticket.number]


async def test_same_request_at_once_opens_one_ticket(client, shop: Shop):
    headers = await shop.headers(shop.alice, key="turn-1:open_ticket")
    responses = await asyncio.gather(*(open_ticket(client, headers) for _ in range(5)))
    answers = [await response.json() for response in responses]
    assert [response.status for response in responses] == [201] * 5
    assert all(answer == answers[0] for answer in answers)
    assert await shop.count(Ticket) == 1
