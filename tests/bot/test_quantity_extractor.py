import time

import pytest
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.config import Shop
from bot.entity_finder import HALF_WIDTH
from bot.quantity_extractor import QuantityExtractor, find_quantities

ENGLISH = [
    ("two of them", 2),
    ("I want 3 lamps", 3),
    ("please order two t-shirts", 2),
    ("I'd like to buy 12 mugs", 12),
    ("qty 5", 5),
    ("quantity: 10", 10),
    ("change the quantity to 4", 4),
    ("3x yoga mat", 3),
    ("yoga mat x2", 2),
    ("2 pcs", 2),
    ("five pieces", 5),
    ("a dozen", 12),
    ("half a dozen of these", 6),
    ("one of them is broken", 1),
    ("make it 3", 3),
    ("just 2", 2),
    ("3 please", 3),
    ("three", 3),
    ("I only received 4", 4),
    ("add another two", 2),
    ("I ordered twenty-five cables", 25),
    ("we need a hundred and fifty pillows", 150),
    ("send me 2 more", 2),
    ("return 3 of those", 3),
    ("two pairs of shoes", 2),
    ("remove 1 item", 1),
    ("６ units", 6),
]
CHINESE = [
    ("3件", 3),
    ("两个", 2),
    ("要两个苹果", 2),
    ("一百二十五", 125),
    ("买三双鞋", 3),
    ("我要一个", 1),
    ("只收到1件", 1),
    ("改成三件", 3),
    ("５件", 5),
    ("数量改成8", 8),
    ("来十盒", 10),
    ("少了两瓶", 2),
    ("退3条裤子", 3),
    ("我想订20套餐具", 20),
    ("两百个", 200),
    ("加一份", 1),
    ("要12支笔", 12),
    ("换两台", 2),
    ("就三个吧", 3),
    ("一共四箱", 4),
    ("三张桌子", 3),
    ("兩個", 2),
    ("两本书", 2),
    ("要5", 5),
    ("二十五个", 25),
    ("收到的只有两只", 2),
]
NOTHING = [
    "order 12345",
    "DM-123456",
    "I have 2 questions",
    "I waited 2 weeks",
    "I want one",
    "this one is fine",
    "for 3 days",
    "I want 20% off",
    "$3",
    "I need 5 minutes",
    "at 3 pm",
    "for two people",
    "it costs 30 euros",
    "I have two orders",
    "model X200",
    "like 100 times",
    "有一个问题",
    "我有两个问题",
    "两个月",
    "三个小时",
    "第二个",
    "两个工作日",
    "3天",
    "一件都没有",
    "两件套",
    "每个多少钱",
    "我的两个订单",
    "十几个",
    "等了三个星期",
    "这个",
]


@pytest.mark.parametrize(("text", "number"), ENGLISH + CHINESE)
def test_count_is_found(text, number):
    (found,) = find_quantities(text.translate(HALF_WIDTH))
    assert found.value == number
    assert isinstance(found.value, int)


@pytest.mark.parametrize("text", NOTHING)
def test_other_numbers_are_no_counts(text):
    assert find_quantities(text.translate(HALF_WIDTH)) == []


def test_each_count_of_a_message_is_found():
    found = find_quantities("2 pairs of socks and 3 bottles")
    assert [one.value for one in found] == [2, 3]


def test_what_is_claimed_already_is_left_alone():
    text = "two hundred dollars for 2 pieces"
    claimed = {"entity": "amount", "value": {}, "start": 0, "end": 19}
    message = Message({TEXT: text, ENTITIES: [claimed]})
    QuantityExtractor(Shop()).process([message])
    assert [one["value"] for one in message.get(ENTITIES)[1:]] == [2]


@pytest.mark.parametrize(
    ("part", "times"),
    [
        ("two ", 2500),
        ("hundred and ", 830),
        ("1x", 5000),
        ("百", 10_000),
        ("要", 10_000),
        ("buy the ", 1250),
        ("3个", 5000),
        ("half a ", 1400),
        ("1", 10_000),
    ],
)
def test_hostile_text_is_searched_quickly(part, times):
    text = part * times
    start = time.thread_time()
    find_quantities(text)
    assert time.thread_time() - start < 10
