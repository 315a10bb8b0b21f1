from actions.payments import ActionInvoice
from tests.actions.conftest import order_json


async def test_latest_order_is_named_with_its_total(alice, crm):
    crm.add(order_json("DM-2"), order_json("DM-1"))
    assert await alice.say(ActionInvoice, "my invoice please", "invoice") == [
        "utter_invoice"
    ]
    said = alice.messages[0]
    assert said["number"] == "DM-2"
    assert said["total"].startswith("€")
    assert alice.blocks[0]["order"]["number"] == "DM-2"


async def test_order_asked_for_is_named(alice, crm):
    crm.add(order_json("DM-2"), order_json("DM-1"))
    await alice.say(ActionInvoice, "receipt of DM-1", "invoice", order_number="DM-1")
    assert alice.messages[0]["number"] == "DM-1"
    # "And the invoice?" is about the order spoken of.
    await alice.say(ActionInvoice, "and the invoice", "invoice")
    assert alice.messages[0]["number"] == "DM-1"


async def test_visitor_verifies_first_and_gets_back_to_the_order(visitor, crm):
    crm.add(order_json("DM-1"))
    said = await visitor.say(
        ActionInvoice, "invoice of DM-1", "invoice", order_number="DM-1"
    )
    assert said == ["utter_verification_needed"]
    assert visitor.blocks[0]["resume"] == '/invoice{"order_number": "DM-1"}'


async def test_customer_without_orders_has_no_invoice(alice):
    assert await alice.say(ActionInvoice, "my invoice", "invoice") == [
        "utter_no_orders"
    ]
