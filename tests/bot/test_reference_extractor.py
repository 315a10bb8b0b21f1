import time

import pytest
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.reference_extractor import ReferenceExtractor, find_references


@pytest.mark.parametrize(
    ("text", "entity", "value"),
    [
        ("Where is DM-123456?", "order_number", "DM-123456"),
        ("我的订单DM-123456到哪里了", "order_number", "DM-123456"),
        ("ｄｍ－１２３４５６呢", "order_number", "DM-123456"),
        ("dm 123456 please", "order_number", "DM-123456"),
        ("DM123456", "order_number", "DM-123456"),
        ("dm—123456", "order_number", "DM-123456"),
        ("查一下123456", "order_number", "123456"),
        ("12345", "order_number", "12345"),
        ("order #1001", "order_number", "1001"),
        ("my order number is ab-77", "order_number", "AB-77"),
        ("订单号：2024A001", "order_number", "2024A001"),
        ("工单t-654321怎么样了", "ticket_number", "T-654321"),
        ("summary of c-204410", "customer_number", "C-204410"),
        ("return R-222333", "return_number", "R-222333"),
        ("summary of customer 331870", "customer_number", "331870"),
        ("客户编号12346", "customer_number", "12346"),
        ("is EL-001 in stock", "sku", "EL-001"),
        ("el-001还有货吗", "sku", "EL-001"),
        ("my order code is 551902", "order_number", "551902"),
        ("我的邮箱Bob.X@Example.com，谢谢", "email", "bob.x@example.com"),
    ],
)
def test_a_reference_is_found_in_one_spelling(text, entity, value):
    (found,) = find_references(text)
    assert (found.entity, found.value) == (entity, value)


@pytest.mark.parametrize(
    "text",
    [
        "call +8613812345678",
        "it cost $12345",
        "一共12345元",
        "zip code 94107",
        "邮编200000",
        "1234",
        "1234567890123",
        "order 2 shirts",
        "the price was 12345.50",
        "invoice INV-123456",
        "the order was 3rd in the list",
        "my order is 2026-11-05",
        "the code is 551902",
        "验证码551902",
        "ABC123456",
    ],
)
def test_other_numbers_are_no_references(text):
    assert find_references(text) == []


def test_bare_digits_give_way_to_a_number_with_a_prefix():
    found = find_references("DM-123456 to 1 Main St, Springfield 94107")
    assert [ref.value for ref in found] == ["DM-123456"]


def test_offsets_point_into_the_message(storage, resource, context):
    text = "您好，ＤＭ－１２３４５６ and T-654321"
    message = Message({TEXT: text})
    ReferenceExtractor.create({}, storage, resource, context).process([message])
    first, second = message.get(ENTITIES)
    assert text[first["start"] : first["end"]] == "ＤＭ－１２３４５６"
    assert text[second["start"] : second["end"]] == "T-654321"
    assert first["extractor"] == "ReferenceExtractor"


def test_article_does_not_hide_an_order():
    found = find_references("12345里少了EL-001")
    assert [ref.entity for ref in found] == ["order_number", "sku"]


def test_long_text_is_searched_in_linear_time():
    assert find_references("a@" * 2500 + "9-" * 2500) == []
    start = time.thread_time()
    find_references("12345 " * 1600 + "order # " * 1000)
    assert time.thread_time() - start < 10
