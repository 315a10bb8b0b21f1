import json
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update

from crm_backend.analytics.features import FEATURE_NAMES
from crm_backend.catalogue import LANGUAGES
from crm_backend.models import Customer, Predictor, PurchasePrediction
from crm_backend.schemas.insights import reason_text
from crm_backend.services.customers import get_customer

pytest_plugins = ("tests.crm_backend.fixtures_predictions",)

CONTRACT = Path(__file__).parents[1] / "contract"
SAM, ALICE, LINA = "C-100005", "C-100001", "C-100006"
REFUSES, NEW = "C-100004", "C-100007"


@pytest.fixture
def database_url(scored_url):
    return scored_url


def url(number):
    return f"/api/v1/customers/{number}/purchase-predictions"


async def post(client, headers, number=ALICE):
    response = await client.post(url(number), json={}, headers=headers)
    return response.status, await response.json()


async def get(client, headers, path):
    response = await client.get(path, headers=headers)
    return response.status, await response.json()


async def forget_predictor(people):
    async with people.sessions.begin() as session:
        await session.execute(delete(PurchasePrediction))
        await session.execute(delete(Predictor))


async def test_rep_gets_a_prediction_with_reasons(client, people):
    status, body = await post(client, await people.headers(people.rita), SAM)
    assert status == 200
    assert body["customer"] == {"number": SAM, "name": "Sam Rivers"}
    assert body["enough_data"]
    assert body["missing"] is None
    assert body["base_rate"] < body["p_purchase"] <= 1
    assert body["band"] == "likely"
    assert 1 <= len(body["reasons_for"]) <= 3
    assert len(body["reasons_against"]) <= 3


async def test_prediction_has_the_fields_of_the_contract(client, people):
    _, body = await post(client, await people.headers(people.rita))
    example = json.loads((CONTRACT / "predict_purchase.json").read_text("utf-8"))
    assert set(body) == set(example["answer"])
    assert set(body["reasons_for"][0]) == set(example["answer"]["reasons_for"][0])


async def test_who_left_long_ago_is_unlikely(client, people):
    _, body = await post(client, await people.headers(people.rita), LINA)
    assert body["band"] == "unlikely"
    assert body["reasons_against"]


async def test_reasons_speak_the_askers_language(client, people):
    headers = await people.headers(people.rita, language="zh")
    _, body = await post(client, headers, LINA)
    texts = [reason["text"] for reason in body["reasons_against"]]
    assert any("天前" in text for text in texts)


async def test_prediction_is_stored_and_shown_again(client, people):
    headers = await people.headers(people.rita)
    _, made = await post(client, headers)
    status, stored = await get(client, headers, url(ALICE))
    assert status == 200
    assert stored == made


async def test_repeated_key_predicts_once(client, people):
    headers = await people.headers(people.rita, key="turn:predict")
    before = await people.count(PurchasePrediction)
    first, second = await post(client, headers), await post(client, headers)
    assert first == second
    assert await people.count(PurchasePrediction) == before + 1


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_anonymous_visitor_is_refused(client, people, method):
    headers = await people.headers(None)
    response = await client.request(method, url(ALICE), headers=headers)
    assert response.status == 403
    assert (await client.request(method, url(ALICE))).status == 401


async def test_customer_may_not_ask_even_about_themselves(client, people):
    async with people.sessions() as session:
        alice = await get_customer(session, ALICE)
    for path in (url(ALICE), "/api/v1/insights/top-prospects"):
        status, body = await get(client, await people.headers(alice), path)
        assert (status, body["error"]["code"]) == (403, "forbidden")
    status, _ = await post(client, await people.headers(alice))
    assert status == 403


async def test_agent_may_not_ask(client, people):
    status, body = await post(client, await people.headers(people.carol))
    assert (status, body["error"]["code"]) == (403, "forbidden")


async def test_unknown_customer_is_not_found(client, people):
    headers = await people.headers(people.rita)
    status, body = await post(client, headers, "C-999999")
    assert (status, body["error"]["code"]) == (404, "customer_not_found")


async def test_unknown_field_is_refused(client, people):
    response = await client.post(
        url(ALICE), json={"horizon": 5}, headers=await people.headers(people.rita)
    )
    assert response.status == 400


@pytest.mark.parametrize(
    ("number", "said"), [(REFUSES, "consented"), (NEW, "not ordered yet")]
)
async def test_what_is_missing_is_said(client, people, number, said):
    headers = await people.headers(people.rita)
    status, body = await post(client, headers, number)
    assert status == 200
    assert not body["enough_data"]
    assert said in body["missing"]
    assert body["p_purchase"] is None
    assert body["reasons_for"] == body["reasons_against"] == []


async def test_untrained_shop_says_what_it_takes(client, people):
    await forget_predictor(people)
    headers = await people.headers(people.rita, language="zh")
    _, body = await post(client, headers)
    assert not body["enough_data"]
    assert "200" in body["missing"]
    assert body["predictor_version"] is None
    status, prospects = await get(client, headers, "/api/v1/insights/top-prospects")
    assert (status, prospects["items"], prospects["base_rate"]) == (200, [], None)


async def test_broken_predictor_file_is_no_crash(client, people, tmp_path):
    for path in (tmp_path / "predictors").iterdir():
        path.write_bytes(b"broken")
    status, body = await post(client, await people.headers(people.rita))
    assert (status, body["enough_data"]) == (200, False)


async def test_unscored_customer_has_no_stored_prediction(client, people):
    async with people.sessions.begin() as session:
        await session.execute(delete(PurchasePrediction))
    status, body = await get(client, await people.headers(people.rita), url(ALICE))
    assert (status, body["enough_data"]) == (200, False)
    assert "not been scored" in body["missing"]


async def test_top_prospects_come_likeliest_first(client, people):
    headers = await people.headers(people.rita)
    status, body = await get(client, headers, "/api/v1/insights/top-prospects?limit=10")
    assert status == 200
    shares = [item["p_purchase"] for item in body["items"]]
    assert len(shares) == 10
    assert shares == sorted(shares, reverse=True)
    async with people.sessions() as session:
        best = await session.scalar(select(func.max(PurchasePrediction.p_purchase)))
    assert shares[0] == best


async def test_only_the_newest_prediction_is_a_prospect(client, people, tmp_path):
    headers = await people.headers(people.rita)
    await post(client, headers, SAM)
    _, body = await get(client, headers, "/api/v1/insights/top-prospects?limit=100")
    numbers = [item["customer"]["number"] for item in body["items"]]
    assert len(numbers) == len(set(numbers))


async def test_who_withdrew_consent_is_no_prospect(client, people):
    headers = await people.headers(people.rita)
    path = "/api/v1/insights/top-prospects?limit=1"
    _, before = await get(client, headers, path)
    first = before["items"][0]["customer"]["number"]
    async with people.sessions.begin() as session:
        await session.execute(
            update(Customer)
            .where(Customer.number == first)
            .values(consent_profiling=False)
        )
    _, after = await get(client, headers, path)
    assert after["items"][0]["customer"]["number"] != first
    _, stored = await get(client, headers, url(first))
    assert not stored["enough_data"]


@pytest.mark.parametrize("limit", ["0", "101", "many"])
async def test_absurd_limit_is_refused(client, people, limit):
    headers = await people.headers(people.rita)
    path = f"/api/v1/insights/top-prospects?limit={limit}"
    assert (await get(client, headers, path))[0] == 400


async def test_predictors_card_shows_the_baselines(client, people):
    headers = await people.headers(people.mona)
    status, body = await get(client, headers, "/api/v1/insights/predictors")
    assert status == 200
    [predictor] = body["items"]
    assert predictor["metrics"]["beats_baselines"]
    assert set(predictor["metrics"]["baselines"]) == {
        "base_rate",
        "days_since_last_order",
    }
    assert "file_sha256" not in predictor["metrics"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", FEATURE_NAMES)
def test_every_feature_can_be_said(name, language):
    assert reason_text(name, 12.0, language, "EUR")


@pytest.mark.parametrize(
    ("name", "value", "language", "text"),
    [
        ("days_since_last_order", 12.2, "en", "last order 12 days ago"),
        ("days_since_last_order", 12.2, "zh", "上次下单在 12 天前"),
        ("days_since_last_order", 0.3, "en", "last order today"),
        ("days_since_last_visit", 1.0, "zh", "上次访问网站在 1 天前"),
        ("total_spent_cents", 123_450.0, "en", "spent €1,234.50 in total"),
        ("share_returned", 0.25, "en", "returned something from 25% of the orders"),
        (
            "usual_gaps_since_last_order",
            1.5,
            "en",
            "150% of the usual time between orders has passed",
        ),
    ],
)
def test_reasons_are_said_with_their_value(name, value, language, text):
    assert reason_text(name, value, language, "EUR") == text
