import pytest

from actions.wording import find_reason, withdraws


@pytest.mark.parametrize(
    "text",
    [
        "算了不取消了",
        "不取消了",
        "我不想取消了",
        "不要取消订单DM-482913",
        "算了，别退了",
        "还是不改了吧",
        "I don't want to cancel it anymore",
        "please don't cancel order DM-482913",
        "never mind, I don't want to return it",
        "Actually I won’t cancel.",
    ],
)
def test_wish_taken_back_is_noticed(text):
    assert withdraws(text)


@pytest.mark.parametrize(
    "text",
    [
        "不要了，取消吧",
        "为什么不能取消",
        "能不能取消订单",
        "要不要取消",
        "不退款我就投诉",
        "怎么不退款了",
        "你们不退款了",
        "我不想要了，帮我取消订单DM-1",
        "算了，取消吧",
        "I don't want it, please cancel my order",
        "can't I cancel?",
        "why don't you cancel my order like I asked",
        "if you don't cancel it I will complain",
    ],
)
def test_wish_with_a_no_in_it_is_a_wish(text):
    assert not withdraws(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("return DM-1 because the colour is wrong", "the colour is wrong"),
        ("因为尺码不对，我要退DM-1", "尺码不对，我要退DM-1"),
        (
            "The shoes are too small. Return, please",
            "The shoes are too small. Return, please",
        ),
        ("我想退货，衣服太大了", "我想退货，衣服太大了"),
        ("I would like to return order DM-260158, please", None),
        ("帮我退货", None),
    ],
)
def test_reason_is_found_where_there_is_one(text, reason):
    assert find_reason(text) == reason
