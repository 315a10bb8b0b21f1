"""Days and periods, said on Wednesday, November 18, 2026."""

import time
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot import date_extractor
from bot.config import Shop
from bot.date_extractor import DateExtractor, find_dates
from bot.entity_finder import HALF_WIDTH

TODAY = date(2026, 11, 18)

ENGLISH = [
    ("I placed it today", "2026-11-18"),
    ("It was supposed to come yesterday!", "2026-11-17"),
    ("will it be here tomorrow?", "2026-11-19"),
    ("the day before yesterday", "2026-11-16"),
    ("can you deliver the day after tomorrow", "2026-11-20"),
    ("ordered last Tuesday and still nothing", "2026-11-17"),
    ("it arrived on Monday", "2026-11-16"),
    ("I need it by Friday", "2026-11-20"),
    ("next monday works", "2026-11-23"),
    ("bought three days ago", "2026-11-15"),
    ("I paid 2 weeks ago", "2026-11-04"),
    ("about a month ago", "2026-10-18"),
    ("on November 3rd", "2026-11-03"),
    ("delivery on 24 December please", "2026-12-24"),
    ("since I ordered on 5 Oct 2025", "2025-10-05"),
    ("Sept. 9, 2026", "2026-09-09"),
    ("the 1st of May", "2026-05-01"),
    ("order from 2026-11-02", "2026-11-02"),
    ("2026/11/2", "2026-11-02"),
    ("invoice of 31.10.2026", "2026-10-31"),
    ("on 25/10/2026", "2026-10-25"),
    ("10/25/2026", "2026-10-25"),
    ("is it cheaper on Black Friday", "2026-11-27"),
    ("before Christmas", "2026-12-25"),
    ("it came on the 5th", "2026-11-05"),
    ("sales last week", ("2026-11-09", "2026-11-15")),
    ("revenue this week", ("2026-11-16", "2026-11-22")),
    ("how was last month?", ("2026-10-01", "2026-10-31")),
    ("this month so far", ("2026-11-01", "2026-11-30")),
    ("last quarter", ("2026-07-01", "2026-09-30")),
    ("in Q3", ("2026-07-01", "2026-09-30")),
    ("Q4 2025 numbers", ("2025-10-01", "2025-12-31")),
    ("the second quarter", ("2026-04-01", "2026-06-30")),
    ("report for the last 7 days", ("2026-11-11", "2026-11-17")),
    ("past 30 days", ("2026-10-19", "2026-11-17")),
    ("over the last three months", ("2026-08-18", "2026-11-17")),
    ("last year", ("2025-01-01", "2025-12-31")),
    ("what did we sell in 2025", ("2025-01-01", "2025-12-31")),
    ("in March", ("2026-03-01", "2026-03-31")),
    ("in may", ("2026-05-01", "2026-05-31")),
    ("December figures", ("2025-12-01", "2025-12-31")),
    ("since March", ("2026-03-01", "2026-11-18")),
    ("since yesterday", ("2026-11-17", "2026-11-18")),
    ("year to date", ("2026-01-01", "2026-11-18")),
    ("from January to March", ("2026-01-01", "2026-03-31")),
    ("between Nov 1 and Nov 10", ("2026-11-01", "2026-11-10")),
    ("1-5 November", ("2026-11-01", "2026-11-05")),
    ("from 2026-10-01 to 2026-10-15", ("2026-10-01", "2026-10-15")),
    ("last weekend", ("2026-11-14", "2026-11-15")),
    ("the week before last", ("2026-11-02", "2026-11-08")),
    ("first half of 2026", ("2026-01-01", "2026-06-30")),
]
CHINESE = [
    ("今天下的单", "2026-11-18"),
    ("昨天买的还没发货", "2026-11-17"),
    ("明天能到吗", "2026-11-19"),
    ("前天付的款", "2026-11-16"),
    ("后天要用", "2026-11-20"),
    ("大前天", "2026-11-15"),
    ("昨晚下单的", "2026-11-17"),
    ("上周三买的", "2026-11-11"),
    ("周五能送到吗", "2026-11-20"),
    ("下周一再送", "2026-11-23"),
    ("上个星期天", "2026-11-15"),
    ("三天前就付款了", "2026-11-15"),
    ("两周前的订单", "2026-11-04"),
    ("一个月前买的", "2026-10-18"),
    ("3月5号", "2026-03-05"),
    ("十一月五日下的单", "2026-11-05"),
    ("2026年10月8日", "2026-10-08"),
    ("去年12月25号", "2025-12-25"),
    ("12月24日要送到", "2026-12-24"),
    ("双十一买的", "2026-11-11"),
    ("去年双11", "2025-11-11"),
    ("国庆节买的", "2026-10-01"),
    ("2026-11-01的订单", "2026-11-01"),
    ("15号买的", "2026-11-15"),
    ("上个月20号", "2026-10-20"),
    ("１１月３日", "2026-11-03"),
    ("上周的销售额", ("2026-11-09", "2026-11-15")),
    ("这周卖了多少", ("2026-11-16", "2026-11-22")),
    ("上个月业绩怎么样", ("2026-10-01", "2026-10-31")),
    ("本月", ("2026-11-01", "2026-11-30")),
    ("本季度", ("2026-10-01", "2026-12-31")),
    ("上季度的收入", ("2026-07-01", "2026-09-30")),
    ("第三季度", ("2026-07-01", "2026-09-30")),
    ("去年四季度", ("2025-10-01", "2025-12-31")),
    ("最近7天", ("2026-11-11", "2026-11-17")),
    ("近三十天的订单", ("2026-10-19", "2026-11-17")),
    ("过去三个月", ("2026-08-18", "2026-11-17")),
    ("最近半年", ("2026-05-18", "2026-11-17")),
    ("去年", ("2025-01-01", "2025-12-31")),
    ("2025年的销售额", ("2025-01-01", "2025-12-31")),
    ("三月份卖得怎么样", ("2026-03-01", "2026-03-31")),
    ("去年12月", ("2025-12-01", "2025-12-31")),
    ("三月以来", ("2026-03-01", "2026-11-18")),
    ("今年以来", ("2026-01-01", "2026-11-18")),
    ("年初至今", ("2026-01-01", "2026-11-18")),
    ("今年上半年", ("2026-01-01", "2026-06-30")),
    ("从1月到3月", ("2026-01-01", "2026-03-31")),
    ("11月1日到11月10日", ("2026-11-01", "2026-11-10")),
    ("十一月一号到五号", ("2026-11-01", "2026-11-05")),
    ("上周末", ("2026-11-14", "2026-11-15")),
]
NOTHING = [
    "May I return it?",
    "I march to the store",
    "I sat in the sun",
    "I have a second question",
    "the first half of the book",
    "DM-123456",
    "order 20261",
    "version 1.2.3",
    "192.168.10.12",
    "30 day return policy",
    "how many days does it take",
    "how long does delivery take",
    "2026-13-45",
    "February 30",
    "多少天能到",
    "3天内能到吗",
    "七天无理由退货",
    "每天都用",
    "五月天的专辑",
    "有几号的",
    "5号电池",
    "我住3号楼",
    "天猫",
    "日用品",
    "一年保修",
    "两个月能用完吗",
]


def values(text, region=None):
    found = find_dates(text.translate(HALF_WIDTH), TODAY, region)
    return [
        one.value
        if one.entity == "date"
        else (one.value["from_on"], one.value["to_on"])
        for one in found
    ]


@pytest.mark.parametrize(("text", "value"), ENGLISH + CHINESE)
def test_day_or_period_is_found(text, value):
    assert values(text) == [value]


@pytest.mark.parametrize("text", NOTHING)
def test_other_words_are_no_days(text):
    assert values(text) == []


def test_month_comes_first_where_people_write_so():
    assert values("11/05/2026", "US") == ["2026-11-05"]
    assert values("11/05/2026", "DE") == values("11/05/2026") == ["2026-05-11"]


def test_two_days_stay_two():
    assert values("yesterday and today") == ["2026-11-17", "2026-11-18"]
    assert values("between yesterday and today") == [("2026-11-17", "2026-11-18")]


@pytest.mark.parametrize(
    "day", [date(2026, 1, 1), date(2028, 2, 29), date(2026, 12, 31)]
)
def test_all_words_mean_something_on_awkward_days(day):
    for text, value in ENGLISH + CHINESE:
        (found,) = find_dates(text.translate(HALF_WIDTH), day)
        assert (found.entity == "date") is isinstance(value, str), text


def test_the_day_is_the_one_where_the_shop_is(monkeypatch):
    class Clock(date_extractor.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2026, 11, 18, 20, 0, tzinfo=ZoneInfo("UTC")).astimezone(tz)

    monkeypatch.setattr(date_extractor, "datetime", Clock)
    for zone, day in (("UTC", "2026-11-18"), ("Asia/Shanghai", "2026-11-19")):
        finder = DateExtractor(Shop(ZoneInfo(zone)))
        assert [one.value for one in finder.find("today", "en")] == [day]


def test_offsets_point_into_the_message():
    text = "您好，１１月３日 and last week"
    message = Message({TEXT: text})
    DateExtractor(Shop()).process([message])
    parts = [text[one["start"] : one["end"]] for one in message.get(ENTITIES)]
    assert parts == ["１１月３日", "last week"]


@pytest.mark.parametrize(
    ("part", "times"),
    [
        ("yesterday ", 1000),
        ("1-2-3/4.", 1250),
        ("三月", 5000),
        ("第三季度到", 2000),
        ("二十", 5000),
        ("last ", 2000),
        ("march 5 to ", 900),
        ("年", 10_000),
        ("1", 10_000),
        ("a couple of ", 830),
        (" ", 10_000),
    ],
)
def test_hostile_text_is_searched_quickly(part, times):
    text = part * times
    start = time.thread_time()
    assert len(find_dates(text, TODAY)) <= date_extractor.MAX_FOUND
    assert time.thread_time() - start < 10
