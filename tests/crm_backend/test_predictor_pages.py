"""The pages of predictors and of customers: who sees what, in which words."""

import re

import pytest
from sqlalchemy import select, update

from crm_backend.models import Customer, Predictor, PurchasePrediction

pytest_plugins = ("tests.crm_backend.fixtures_predictions",)
ALICE = "/sales/customers/C-100005"


@pytest.fixture
def database_url(scored_url):
    return scored_url


async def read(client, people, path, who=None):
    headers = await people.cookie(who or people.rita)
    response = await client.get(path, headers=headers, allow_redirects=False)
    return response.status, await response.text()


async def find_version(people):
    async with people.sessions() as session:
        return await session.scalar(select(Predictor.version))


async def allow(people, *, profiling):
    async with people.sessions.begin() as session:
        await session.execute(
            update(Customer)
            .where(Customer.number == "C-100005")
            .values(consent_profiling=profiling)
        )


async def test_pages_are_for_those_who_sell(client, people):
    version = await find_version(people)
    paths = ("/sales/models", f"/sales/models/{version}", "/sales/customers", ALICE)
    for path in paths:
        assert (await read(client, people, path))[0] == 200
        assert (await read(client, people, path, people.carol))[0] == 403
        response = await client.get(path, allow_redirects=False)
        assert response.headers["Location"].startswith("/sign-in?next=")


async def test_list_shows_what_each_predictor_is_worth(client, people):
    version = await find_version(people)
    _, page = await read(client, people, "/sales/models?lang=en")
    for words in (version, "in use", "Buys within 30 days", "AUC of a simple rule"):
        assert words in page
    assert 'aria-current="page">Predictors' in page


async def test_card_has_calibration_limits_and_the_rule_to_beat(client, people):
    version = await find_version(people)
    _, page = await read(client, people, f"/sales/models/{version}?lang=en")
    for words in (
        *("<svg", "Predicted and seen", "Simple rule (days since the last order)"),
        *("Setting prices for single customers", "logistic regression"),
    ):
        assert words in page
    _, chinese = await read(client, people, f"/sales/models/{version}?lang=zh")
    assert "不得用于" in chinese
    assert "Predicted" not in chinese


async def test_card_shows_each_group_or_that_it_is_too_small(client, people):
    version = await find_version(people)
    path = f"/sales/models/{version}"
    _, page = await read(client, people, f"{path}?lang=en")
    for words in ("Returning", "Champions", "English", "segment by rule (RFM)"):
        assert words in page
    async with people.sessions.begin() as session:
        row = await session.scalar(select(Predictor))
        few = {"grouping": "language", "name": "fr", "n": 7, "is_too_few": True}
        row.metrics = row.metrics | {"groups": [few]}
    _, page = await read(client, people, f"{path}?lang=en")
    assert "too few to tell" in page
    _, page = await read(client, people, f"{path}?lang=zh")
    assert "样本过少" in page
    async with people.sessions.begin() as session:
        row = await session.scalar(select(Predictor))
        row.metrics = {k: v for k, v in row.metrics.items() if k != "groups"}
    status, page = await read(client, people, f"{path}?lang=en")
    assert status == 200
    assert "too few" not in page


async def test_card_says_in_a_sentence_whether_it_still_holds(client, people):
    version = await find_version(people)
    _, page = await read(client, people, f"/sales/models/{version}?lang=en")
    assert "Does it still hold?" in page
    assert "The customers scored last" in page
    async with people.sessions.begin() as session:
        drift = {"psi": {"n_orders": 0.4, "p": 0.1}, "level": "clear"}
        await session.execute(
            update(Predictor).values(drift={**drift, "n_scored": 3, "reasons": {}})
        )
    _, page = await read(client, people, f"/sales/models/{version}?lang=en")
    assert "“orders so far” changed most, with a PSI of 0.4" in page


async def test_unknown_version_or_customer_does_not_exist(client, people):
    for path in ("/sales/models/purchase-x", "/sales/customers/C-999999"):
        assert (await read(client, people, path))[0] == 404


async def test_customer_is_shown_with_reasons_and_segment(client, people):
    await allow(people, profiling=True)
    status, page = await read(client, people, f"{ALICE}?lang=en")
    assert status == 200
    for words in ("Buys within 30 days", "Speaks for", "Last orders", "What to offer"):
        assert words in page
    # Nothing was trained for leaving, which the page says instead of a number.
    assert "No prediction is possible yet" in page


async def test_customer_page_says_what_would_change_the_answer(client, people):
    await allow(people, profiling=True)
    _, page = await read(client, people, f"{ALICE}?lang=en")
    assert "What would change this" in page
    assert "a purchase counts as likely" in page
    assert re.search(r"(days|visits)[^<]*: from \d+% to \d+%|moves it much", page)
    _, chinese = await read(client, people, f"{ALICE}?lang=zh")
    assert "什么会改变这一结论" in chinese


async def test_page_stands_where_the_predictor_cannot_be_read(client, people, tmp_path):
    await allow(people, profiling=True)
    async with people.sessions() as session:
        [name] = await session.scalars(select(Predictor.file_name))
    (tmp_path / name).write_bytes(b"changed")
    status, page = await read(client, people, f"{ALICE}?lang=en")
    assert status == 200
    assert "Speaks for" in page
    assert "What would change this" not in page


async def test_nothing_is_put_together_without_consent(client, people):
    await allow(people, profiling=False)
    async with people.sessions() as session:
        scored = await session.scalar(
            select(PurchasePrediction.id)
            .join(Customer, Customer.id == PurchasePrediction.customer_id)
            .where(Customer.number == "C-100005")
        )
    assert scored is not None
    _, page = await read(client, people, f"{ALICE}?lang=en")
    assert "has not agreed to predictions" in page
    for words in ("What to offer", "Last orders", "%</strong>", "What would change"):
        assert words not in page


async def test_customers_are_found_by_name_and_linked(client, people):
    _, page = await read(client, people, "/sales/customers?q=C-100005&lang=en")
    assert f'href="{ALICE}"' in page
    _, page = await read(client, people, "/sales/customers?q=Nobody+Such&lang=en")
    assert "Nobody was found" in page
    _, page = await read(client, people, "/sales?lang=en")
    assert 'href="/sales/customers/C-' in page
