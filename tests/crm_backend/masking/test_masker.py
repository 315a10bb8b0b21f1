"""What may tell who wrote a message does not get into an example."""

import pytest

from crm_backend.masking.masker import Masker
from crm_backend.masking.names import load_masker


@pytest.fixture(scope="module")
def masker() -> Masker:
    return load_masker()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("my mail is jo.doe@mail.example.org", "my mail is name@example.com"),
        ("call me on +44 7700 900101 please", "call me on +1 202 555 0100 please"),
        ("my number is 020 7946 0958", "my number is +1 202 555 0100"),
        ("where is order DM-402193?", "where is order DM-123456?"),
        ("and ticket T-90251?", "and ticket T-12345?"),
        ("what about 905127", "what about 123456"),
        ("send it to 12 Rose Lane, BS1 4DJ", "send it to 1 Sample Street, AB1 2CD"),
        ("paid with 4111 1111 1111 1111", "paid with 0000 0000 0000 0000"),
        ("my name is John Carter, where is it", "my name is Alex Sample, where is it"),
        ("can Sarah Jones collect it", "can Alex Sample collect it"),
        ("see https://shop.example/a?user=7 for it", "see https://example.com for it"),
    ],
)
def test_personal_data_in_english_is_replaced(
    masker: Masker, text: str, expected: str
) -> None:
    assert masker.mask(text, "en").text == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我叫王小明，包裹在哪", "我叫张三，包裹在哪"),
        ("李女士的包裹什么时候到", "张三女士的包裹什么时候到"),
        ("收件人：欧阳娜娜 电话 138 1234 5678", "收件人：张三 电话 010-55550100"),
        ("电话13812345678", "电话010-55550100"),
        (
            "地址是上海市浦东新区人民路88号3单元502室",
            "地址是示例路1号",
        ),
        ("把订单DM-102934改寄到文三路20号", "把订单DM-123456改寄到示例路1号"),
        ("身份证11010519491231002X", "身份证000000000000000000"),
        ("邮箱wang@mail.example.org", "邮箱name@example.com"),
    ],
)
def test_personal_data_in_chinese_is_replaced(
    masker: Masker, text: str, expected: str
) -> None:
    assert masker.mask(text, "zh").text == expected


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "this is ridiculous, where is my parcel"),
        ("en", "do you have the kettle in 2 litres for 30 euros"),
        ("en", "can I return it within 30 days"),
        ("zh", "我想换个颜色"),
        ("zh", "高兴路过看看，请问在路上了吗"),
        ("zh", "满300减50的活动还有吗"),
    ],
)
def test_what_is_not_personal_stays(masker: Masker, language: str, text: str) -> None:
    masked = masker.mask(text, language)
    assert (masked.text, masked.kinds) == (text, ())


def test_what_is_known_of_the_writer_is_found_in_any_spelling(masker: Masker) -> None:
    masked = masker.mask("hello, its bob brandt again", "en", ["Bob Brandt"])
    assert "bob" not in masked.text
    assert "brandt" not in masked.text
    assert masked.kinds == ("NAME",)


def test_it_is_told_what_was_replaced(masker: Masker) -> None:
    masked = masker.mask("jo@example.org asks about DM-402193", "en")
    assert masked.kinds == ("EMAIL", "NUMBER")


def test_masking_twice_changes_nothing_more(masker: Masker) -> None:
    once = masker.mask("my name is John Carter, order DM-402193, jo@x.example", "en")
    assert masker.mask(once.text, "en").text == once.text
