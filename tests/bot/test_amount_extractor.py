import time

import pytest
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.amount_extractor import AmountExtractor, find_amounts
from bot.config import Shop
from bot.entity_finder import HALF_WIDTH

ENGLISH = [
    ("it cost $12.50", 1250, "USD", None),
    ("$5", 500, "USD", None),
    ("I paid 12,50 €", 1250, "EUR", None),
    ("€ 1.299,00", 129900, "EUR", None),
    ("£1,234", 123400, "GBP", None),
    ("USD 20", 2000, "USD", None),
    ("20 USD please", 2000, "USD", None),
    ("45 euros", 4500, "EUR", None),
    ("99eur", 9900, "EUR", None),
    ("I was charged 300 dollars", 30000, "USD", None),
    ("two hundred dollars", 20000, "USD", None),
    ("twenty-five bucks", 2500, "USD", None),
    ("a hundred and twenty five euros", 12500, "EUR", None),
    ("£20 refund", 2000, "GBP", None),
    ("CHF 15.90", 1590, "CHF", None),
    ("1 500,00 €", 150000, "EUR", None),
    ("$2k", 200000, "USD", None),
    ("500 yuan", 50000, "CNY", None),
    ("RMB 88", 8800, "CNY", None),
    ("HK$300", 30000, "HKD", None),
    ("a gift under $50", 5000, "USD", "max"),
    ("something under 50", 5000, None, "max"),
    ("headphones for less than 100 please", 10000, None, "max"),
    ("up to 80 euros", 8000, "EUR", "max"),
    ("no more than 30", 3000, None, "max"),
    ("my budget is 200", 20000, None, "max"),
    ("lamps below 60?", 6000, None, "max"),
    ("over 100 dollars", 10000, "USD", "min"),
    ("more than €20", 2000, "EUR", "min"),
    ("at least $75", 7500, "USD", "min"),
    ("€40 or less", 4000, "EUR", "max"),
    ("under fifty euros", 5000, "EUR", "max"),
]
CHINESE = [
    ("一百二十块", 12000, "CNY", None),
    ("￥99", 9900, "CNY", None),
    ("¥1,299.00", 129900, "CNY", None),
    ("199元", 19900, "CNY", None),
    ("花了两百块钱", 20000, "CNY", None),
    ("九块九包邮吗", 990, "CNY", None),
    ("三块五", 350, "CNY", None),
    ("人民币300元", 30000, "CNY", None),
    ("1.5万元", 1500000, "CNY", None),
    ("两千块", 200000, "CNY", None),
    ("扣了我一千二百元", 120000, "CNY", None),
    ("20美元", 2000, "USD", None),
    ("五十欧元", 5000, "EUR", None),
    ("退了我30英镑", 3000, "GBP", None),
    ("100港币", 10000, "HKD", None),
    ("１９９元", 19900, "CNY", None),
    ("两百五十块", 25000, "CNY", None),
    ("十块钱运费", 1000, "CNY", None),
    ("五十块以内的礼物", 5000, "CNY", "max"),
    ("100元以下的耳机", 10000, "CNY", "max"),
    ("不超过200", 20000, None, "max"),
    ("预算500", 50000, None, "max"),
    ("预算是三百块", 30000, "CNY", "max"),
    ("低于80欧元", 8000, "EUR", "max"),
    ("一百以内", 10000, None, "max"),
    ("300元以上", 30000, "CNY", "min"),
    ("超过1000元", 100000, "CNY", "min"),
    ("最多150块", 15000, "CNY", "max"),
    ("至少50元", 5000, "CNY", "min"),
    ("付了88块8", 8880, "CNY", None),
]
NOTHING = [
    "order 12345",
    "DM-123456",
    "under 50 days",
    "less than 3 items",
    "more than 20 people",
    "it weighs 20 pounds",
    "20% off",
    "two of them",
    "over 2 weeks ago",
    "up to 10 pieces",
    "dollar store",
    "+1 415 555 2671",
    "0 dollars",
    "version 2.50",
    "3天以内",
    "5件以上",
    "我们一块去",
    "买了两块手表",
    "这块表多少钱",
    "2027元旦",
    "欧洲能寄吗",
    "第3元素",
    "几十块",
    "一元二次方程式",
    "满3件打5折",
    "订单123456",
    "一百二十五",
]


@pytest.mark.parametrize(("text", "cents", "currency", "role"), ENGLISH + CHINESE)
def test_sum_is_found(text, cents, currency, role):
    (found,) = find_amounts(text.translate(HALF_WIDTH))
    assert found.value == {"amount_cents": cents, "currency": currency}
    assert found.role == role


@pytest.mark.parametrize("text", NOTHING)
def test_other_numbers_are_no_sums(text):
    assert find_amounts(text.translate(HALF_WIDTH)) == []


@pytest.mark.parametrize(
    "text", ["20-50块", "between 20 and 50 euros", "20 to 50 USD", "20到50元"]
)
def test_range_has_two_ends(text):
    low, high = find_amounts(text)
    assert (low.value["amount_cents"], low.role) == (2000, "min")
    assert (high.value["amount_cents"], high.role) == (5000, "max")
    assert low.value["currency"] == high.value["currency"]


def test_entity_has_the_offsets_of_the_message_and_its_role():
    text = "想要１００元以内的"
    message = Message({TEXT: text})
    AmountExtractor(Shop()).process([message])
    (entity,) = message.get(ENTITIES)
    assert text[entity["start"] : entity["end"]] == "１００元"
    assert entity["role"] == "max"


@pytest.mark.parametrize(
    ("part", "times"),
    [
        ("$", 10_000),
        ("1,", 5000),
        ("一百", 5000),
        ("two hundred ", 830),
        ("1 000 ", 1600),
        ("under ", 1600),
        ("$1 ", 3000),
        ("块", 10_000),
        ("9", 10_000),
        ("1元到", 2500),
    ],
)
def test_hostile_text_is_searched_quickly(part, times):
    text = part * times
    start = time.thread_time()
    message = Message({TEXT: text})
    AmountExtractor(Shop()).process([message])
    assert len(message.get(ENTITIES)) <= 20
    assert time.thread_time() - start < 10
