"""The staff's pages: conversations for service, prospects for sales."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, event

from crm_backend.models import Predictor, PurchasePrediction, Turn, utc_now

SCORES = {"auc": 0.82, "log_loss": 0.4, "brier": 0.1, "lift_at_10pct": 3.24,
          "calibration_error": 0.01}  # fmt: skip
RULE = SCORES | {"auc": 0.74, "lift_at_10pct": 2.5}


async def read(client: Any, path: str, **options: Any) -> str:
    response = await client.get(path, **options)
    assert response.status == 200, await response.text()
    return await response.text()


async def test_console_lists_who_waits_longest_first(client: Any, shop: Any) -> None:
    now = utc_now()
    for customer, minutes in ((shop.bob, 5), (shop.alice, 40)):
        since = now - timedelta(minutes=minutes)
        conversation = await shop.add_conversation(
            customer, mode="waiting", waiting_since=since
        )
        await shop.add_message(conversation, 1, "Is anybody there?")
    headers = await shop.cookie(shop.carol)
    page = await read(client, "/console?tab=waiting", headers=headers)
    assert page.index("Alice Adler") < page.index("Bob Brandt")
    assert "waiting 40 minutes" in page
    assert "Is anybody there?" in page
    assert "<title>(2) Conversations" in page


async def test_console_shows_mood_and_failures(client: Any, shop: Any) -> None:
    await _failed_conversation(shop)
    headers = await shop.cookie(shop.carol)
    page = await read(client, "/console?tab=bot", headers=headers)
    assert "Mood: upset" in page
    assert "1 failed" in page


async def test_console_tabs_tell_modes_apart(client: Any, shop: Any) -> None:
    await shop.add_conversation(shop.alice, mode="closed")
    headers = await shop.cookie(shop.carol)
    assert "Alice Adler" in await read(client, "/console?tab=closed", headers=headers)
    assert "Alice Adler" not in await read(client, "/console?tab=bot", headers=headers)
    assert (await client.get("/console?tab=x", headers=headers)).status == 404


async def test_console_leaves_out_staff_chats(client: Any, shop: Any) -> None:
    conversation = await shop.add_conversation(shop.rita)
    headers = await shop.cookie(shop.carol)
    assert conversation.id not in await read(
        client, "/console?tab=all", headers=headers
    )
    path = f"/console/conversations/{conversation.id}"
    assert (await client.get(path, headers=headers)).status == 404


async def test_transcript_tells_all_senders_apart(client: Any, shop: Any) -> None:
    conversation = await shop.add_conversation(shop.alice, mode="human")
    for seq, sender in enumerate(("customer", "bot", "agent", "system"), start=1):
        await shop.add_message(conversation, seq, f"from {sender}", sender=sender)
    await shop.add_message(conversation, 5, "never sent", sender="bot", suppressed=True)
    page = await _read_conversation(client, shop, conversation)
    for kind in ("customer", "bot", "agent", "system", "suppressed"):
        assert f'class="line {kind}"' in page
    assert "The assistant would have said (not sent)" in page


async def test_transcript_shows_what_was_understood(client: Any, shop: Any) -> None:
    conversation = await _failed_conversation(shop)
    page = " ".join((await _read_conversation(client, shop, conversation)).split())
    assert "<code>track_order</code> 83%" in page
    assert "order_number DM-100101" in page
    assert "could not answer this (timeout)" in page
    assert "Ticket T-123456" in page


async def test_conversation_shows_the_customer_and_orders(
    client: Any, shop: Any
) -> None:
    await shop.add_order(shop.alice, number="DM-555555", status="shipped")
    conversation = await shop.add_conversation(shop.alice)
    page = await _read_conversation(client, shop, conversation)
    assert "alice@example.com" in page
    assert "DM-555555" in page
    assert "On its way" in page


async def test_conversation_of_a_visitor_shows_no_customer(
    client: Any, shop: Any
) -> None:
    conversation = await shop.add_conversation()
    page = await _read_conversation(client, shop, conversation)
    assert "has not proved who they are" in page


async def test_messages_are_escaped(client: Any, shop: Any) -> None:
    conversation = await shop.add_conversation(shop.alice)
    await shop.add_message(conversation, 1, "<script>alert(1)</script>")
    page = await _read_conversation(client, shop, conversation)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


async def test_names_with_html_are_text_on_every_page(client: Any, shop: Any) -> None:
    name = '<b>Bobby</b> & "Sons"'
    customer = await shop.add_customer(name=name, number="C-666666", city="<i>Bonn")
    owner = await shop.add_staff(name, "manager", email="owner@shop.example.com")
    conversation = await shop.add_conversation(
        customer, mode="human", assignee_id=owner.id, topic="<u>topic"
    )
    await shop.add_message(conversation, 1, "zanzibar", sender="customer")
    ticket = await shop.add_ticket(
        subject="zanzibar",
        customer_id=customer.id,
        conversation_id=conversation.id,
        assignee_id=owner.id,
    )
    path = f"/console/conversations/{conversation.id}"
    looks = {"seen_seq": "0", "typing": "yes"}
    seen = await client.post(
        f"{path}/presence", data=looks, headers=await shop.cookie(owner)
    )
    assert seen.status == 200
    headers = await shop.cookie(shop.carol)
    for page in (
        "/console?tab=all",
        path,
        f"{path}?part=1",
        f"{path}?lang=zh",
        "/console/tickets",
        f"/console/tickets/{ticket.number}",
        "/console/search?q=zanzibar",
    ):
        text = await read(client, page, headers=headers)
        for tag in ("<b>Bobby", "<i>Bonn", "<u>topic"):
            assert tag.lower() not in text.lower(), page
        assert "&lt;b&gt;bobby&lt;/b&gt; &amp;" in text.lower(), page
    # What is refused names who has the conversation.
    away = await client.post(
        f"{path}/mode",
        data={"mode": "human"},
        headers=headers | {"HX-Request": "true"},
    )
    assert away.status == 409
    assert "&lt;b&gt;bobby" in (await away.text()).lower()


async def test_long_conversation_is_read_once_and_shows_its_end(
    client: Any, shop: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("crm_backend.web.conversation_page.N_LINES", 30)
    monkeypatch.setattr("crm_backend.services.packets.MAX_LINES", 20)
    conversation = await shop.add_conversation(shop.alice, mode="human", last_seq=40)
    for seq in range(1, 41):
        found = [{"entity": "order_number", "value": f"DM-{seq:06}"}]
        await shop.add_message(
            conversation, seq, f"line {seq}.", understood={"entities": found}
        )
    queries = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "FROM messages" in statement and "ORDER BY messages.seq" in statement:
            queries.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    page = await _read_conversation(client, shop, conversation)
    event.remove(Engine, "before_cursor_execute", note)
    assert len(queries) == 1
    assert "line 40." in page
    assert "line 11." in page
    assert "line 10." not in page
    # The packet looks at the latest lines only, as it does over the API.
    answer = await client.get(
        f"/api/v1/conversations/{conversation.id}/packet",
        headers=await shop.cookie(shop.carol),
    )
    [fact] = (await answer.json())["facts"]
    assert fact["values"] == [f"DM-{seq:06}" for seq in range(40, 20, -1)]
    side = page[page.index('id="side"') :]
    assert "DM-000021" in side
    assert "DM-000020" not in side


async def test_unknown_blocks_are_named(client: Any, shop: Any) -> None:
    conversation = await shop.add_conversation(shop.alice)
    blocks = [
        {"type": "orders", "orders": [{}, {}]},
        {"type": "verify"},
        {"type": "hologram"},
    ]
    await shop.add_message(conversation, 1, None, sender="bot", blocks=blocks)
    page = await _read_conversation(client, shop, conversation)
    for shown in ("Showed 2 orders", "Asked for proof", "Showed: hologram"):
        assert shown in page


async def test_parts_come_without_the_frame(client: Any, shop: Any) -> None:
    headers = await shop.cookie(shop.carol)
    part = await read(client, "/console?tab=all&part=1", headers=headers)
    assert "<html" not in part
    assert 'class="tabs"' in part


async def test_sales_shows_prospects_with_reasons(client: Any, shop: Any) -> None:
    await _predict(shop, beats_baselines=True)
    headers = await shop.cookie(shop.rita)
    page = " ".join((await read(client, "/sales", headers=headers)).split())
    assert page.index("Bob Brandt") < page.index("Alice Adler")
    for shown in ("81%", "21%", "purchase-1", "3.2 × average", "right order in 82%"):
        assert shown in page
    assert "12" in page[page.index("Bob Brandt") :]
    assert "use with care" not in page


async def test_sales_in_chinese(client: Any, shop: Any) -> None:
    await _predict(shop, beats_baselines=True)
    headers = await shop.cookie(shop.rita)
    page = await read(client, "/sales?lang=zh", headers=headers)
    assert "平均水平的 3.2 倍" in page
    assert "30 天内最可能购买的客户" in page


async def test_sales_warns_of_a_weak_predictor(client: Any, shop: Any) -> None:
    await _predict(shop, beats_baselines=False)
    page = await read(client, "/sales", headers=await shop.cookie(shop.rita))
    assert "use with care" in page


async def test_sales_without_predictions_says_so(client: Any, shop: Any) -> None:
    page = await read(client, "/sales", headers=await shop.cookie(shop.rita))
    assert "There are no predictions yet." in page
    assert 'channel="staff"' in page


async def _predict(shop: Any, *, beats_baselines: bool) -> None:
    now = utc_now()
    moments = ("learned_from", "learned_to", "validation_as_of", "test_as_of")
    predictor = await shop.save(
        Predictor(
            version="purchase-1",
            kind="purchase",
            is_current=True,
            horizon_days=30,
            as_of=now,
            n_train=900,
            base_rate=0.21,
            file_name="purchase.skops",
            metrics={
                "family": "logistic",
                **dict.fromkeys(moments, now.isoformat()),
                "n_test": 100,
                "n_test_bought": 20,
                "test": SCORES,
                "baselines": {"days_since_last_order": RULE},
                "beats_baselines": beats_baselines,
                "validation_log_loss": {"logistic": 0.4},
                "calibration": [],
            },
        )
    )
    reasons = [
        {"feature": "n_orders", "value": 12, "contribution": 0.9},
        {"feature": "days_since_last_order", "value": 40, "contribution": -0.2},
    ]
    for customer, p_purchase in ((shop.alice, 0.4), (shop.bob, 0.81)):
        await shop.save(
            PurchasePrediction(
                customer_id=customer.id,
                predictor_id=predictor.id,
                as_of=now,
                p_purchase=p_purchase,
                reasons=reasons,
            )
        )


async def _failed_conversation(shop: Any) -> Any:
    conversation = await shop.add_conversation(shop.alice)
    message = await shop.add_message(
        conversation,
        1,
        "where is DM-100101, this is terrible",
        understood={
            "intent": "track_order",
            "confidence": 0.83,
            "entities": [{"entity": "order_number", "value": "DM-100101"}],
            "sentiment": {"label": "negative", "score": -0.7},
        },
    )
    ticket = await shop.add_ticket(
        number="T-123456", conversation_id=conversation.id, category="bot_failure"
    )
    await shop.save(
        Turn(
            id="00000000-0000-4000-8000-000000000001",
            conversation_id=conversation.id,
            message_id=message.id,
            version=0,
            status="failed",
            failure="timeout",
            ticket_id=ticket.id,
        )
    )
    return conversation


async def _read_conversation(client: Any, shop: Any, conversation: Any) -> str:
    return await read(
        client,
        f"/console/conversations/{conversation.id}",
        headers=await shop.cookie(shop.carol),
    )
