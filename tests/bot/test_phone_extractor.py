import time

import pytest
from rasa.shared.nlu.constants import ENTITIES, METADATA, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.config import Shop
from bot.entity_finder import HALF_WIDTH
from bot.phone_extractor import PhoneExtractor, find_phones
from bot.reference_extractor import ReferenceExtractor

# Text, the language of the message, the shop's country, the number.
NUMBERS = [
    ("call me at +1 415 555 2671", "en", None, "+14155552671"),
    ("+14155552671", "en", None, "+14155552671"),
    ("my number is +49 30 901820.", "en", None, "+4930901820"),
    ("+44 20 7946 0018 thanks", "en", None, "+442079460018"),
    ("0044 20 7946 0018", "en", None, "+442079460018"),
    ("+86 138 1234 5678", "en", None, "+8613812345678"),
    ("text +33 6 12 34 56 78", "en", None, "+33612345678"),
    ("(+49) is my code, +49-30-901820", "en", None, "+4930901820"),
    ("reach me on +1 (415) 555-2671", "en", None, "+14155552671"),
    ("(415) 555-2671", "en", "US", "+14155552671"),
    ("415-555-2671", "en", "US", "+14155552671"),
    ("my phone is 4155552671", "en", "US", "+14155552671"),
    ("Tel: 030 901820", "en", "DE", "+4930901820"),
    ("030/901820", "en", "DE", "+4930901820"),
    ("mobile 0151 23456789", "en", "DE", "+4915123456789"),
    ("call 020 7946 0018", "en", "GB", "+442079460018"),
    ("whatsapp 07911 123456", "en", "GB", "+447911123456"),
    ("+61 412 345 678", "en", None, "+61412345678"),
    ("+852 5123 4567", "en", None, "+85251234567"),
    ("contact: +65 8123 4567", "en", None, "+6581234567"),
    ("+91 98765 43210", "en", None, "+919876543210"),
    ("my new mobile number is +4915123456789", "en", None, "+4915123456789"),
    ("please call 415.555.2671", "en", "US", "+14155552671"),
    ("phone number +81 90-1234-5678", "en", None, "+819012345678"),
    ("我的手机13812345678", "zh", None, "+8613812345678"),
    ("13812345678", "zh", None, "+8613812345678"),
    ("138-1234-5678", "zh", None, "+8613812345678"),
    ("电话是138 1234 5678，谢谢", "zh", None, "+8613812345678"),
    ("１３８１２３４５６７８", "zh", None, "+8613812345678"),
    ("请打19912345678", "zh", None, "+8619912345678"),
    ("8613812345678", "zh", None, "+8613812345678"),
    ("+86 13812345678", "zh", None, "+8613812345678"),
    ("0086 138 1234 5678", "zh", None, "+8613812345678"),
    ("座机010-62345678", "zh", None, "+861062345678"),
    ("电话021 6234 5678", "zh", None, "+862162345678"),
    ("订单有问题请打13812345678", "zh", None, "+8613812345678"),
    ("收件人李娜15912345678北京", "zh", None, "+8615912345678"),
    ("把手机号改成18612345678", "zh", None, "+8618612345678"),
    ("微信同号17712345678", "zh", None, "+8617712345678"),
    ("联系方式：13512345678。", "zh", None, "+8613512345678"),
    ("+852 5123 4567是我的电话", "zh", None, "+85251234567"),
    ("台湾号码+886 912 345 678", "zh", None, "+886912345678"),
]
NOTHING = [
    ("DM-123456", "en", None),
    ("DM-13812345678", "zh", None),
    ("order 4155552671", "en", "US"),
    ("order number 4155552671", "en", "US"),
    ("tracking number 00340434161094", "en", "DE"),
    ("12345678", "en", "US"),
    ("4155552671", "en", "US"),
    ("my phone is 13812345678", "en", None),
    ("415-555-2671", "en", None),
    ("2026-11-17", "en", "US"),
    ("17.11.2026", "en", "DE"),
    ("it cost 1,299.00", "en", "US"),
    ("+1 23", "en", None),
    ("+999 123 456 789", "en", None),
    ("EL-001", "en", "US"),
    ("card 4111 1111 1111 1111", "en", "US"),
    ("订单号13812345678", "zh", None),
    ("单号：13812345678", "zh", None),
    ("我的订单是13812345678", "zh", None),
    ("快递单号13812345678", "zh", None),
    ("12345678901", "zh", None),
    ("123456", "zh", None),
    ("1381234567", "zh", None),
    ("138123456789", "zh", None),
    ("工单编号13812345678", "zh", None),
    ("2026年11月17日", "zh", None),
    ("花了13812345.67元", "zh", None),
    ("邮编200000", "zh", None),
    ("卡号6222021234567890123", "zh", None),
]


@pytest.mark.parametrize(("text", "language", "region", "number"), NUMBERS)
def test_number_is_found(text, language, region, number):
    found = find_phones(text.translate(HALF_WIDTH), language, region)
    assert [one.value for one in found] == [number]


@pytest.mark.parametrize(("text", "language", "region"), NOTHING)
def test_other_numbers_are_no_phone_numbers(text, language, region):
    assert list(find_phones(text.translate(HALF_WIDTH), language, region)) == []


@pytest.mark.parametrize(
    ("text", "entities"),
    [
        ("我的手机13812345678", {"phone_number": "+8613812345678"}),
        ("订单号：13812345678", {"order_number": "13812345678"}),
        ("查一下123456", {"order_number": "123456"}),
        ("DM-123456 电话 13812345678", {"order_number": "DM-123456"}
         | {"phone_number": "+8613812345678"}),
        ("order DM-123456, call +14155552671", {"order_number": "DM-123456"}
         | {"phone_number": "+14155552671"}),
    ],
)  # fmt: skip
def test_phone_and_order_numbers_are_told_apart(text, entities):
    message = Message({TEXT: text})
    for finder in (PhoneExtractor(Shop()), ReferenceExtractor(Shop())):
        finder.process([message])
    assert {e["entity"]: e["value"] for e in message.get(ENTITIES)} == entities


def test_language_of_the_conversation_decides():
    for language, n_found in (("zh", 1), ("en", 0)):
        message = Message({TEXT: "13812345678", METADATA: {"language": language}})
        PhoneExtractor(Shop()).process([message])
        assert len(message.get(ENTITIES)) == n_found


@pytest.mark.parametrize(
    ("part", "times"),
    [("1 ", 5000), ("+", 10_000), ("138-", 2500), ("(", 10_000), ("1", 10_000)],
)
def test_hostile_text_is_searched_quickly(part, times):
    text = part * times
    start = time.thread_time()
    list(find_phones(text, "zh", "US"))
    assert time.thread_time() - start < 10
