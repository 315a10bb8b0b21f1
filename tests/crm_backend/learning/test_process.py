"""The jobs run in a process of their own, on the gateway's database."""

from typing import Any

from crm_backend.keys import LEARNING
from crm_backend.models import LearningRun, NluReview


async def test_colleague_has_new_messages_read_at_once(
    client: Any, shop: Any, noted: Any
) -> None:
    talk = await shop.add_conversation()
    declined = noted("product_info", 0.2, "decline")
    text = "my name is John Carter, do you engrave"
    await shop.add_message(talk, 1, text, understood=declined)
    headers = await shop.cookie(shop.carol)
    form = {"back": "/console/understanding?tab=new"}
    response = await client.post("/console/learn", headers=headers, data=form)
    assert response.status == 200
    if client.app[LEARNING].is_running:
        # On a slow machine the page did not wait for the end.
        assert await client.app[LEARNING].run()
    review = await shop.load(NluReview)
    assert review.text == "my name is Alex Sample, do you engrave"
    assert await shop.count(LearningRun) == 3


async def test_only_service_starts_the_jobs(client: Any, shop: Any) -> None:
    headers = await shop.cookie(shop.rita)
    assert (await client.post("/console/learn", headers=headers)).status == 403
    assert not client.app[LEARNING].is_running
