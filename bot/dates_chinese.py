"""What Chinese speakers say for days and periods."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from bot import calendar_spans as spans
from bot.calendar_spans import Span
from bot.number_words import read_number

Reader = Callable[[re.Match[str], date], Span]

WEEKDAYS = {char: i for i, char in enumerate("一二三四五六")} | {"日": 6, "天": 6}
WEEKDAYS |= {str(i + 1): i for i in range(6)}
SHIFTS = {"上上": -2, "上": -1, "前": -1, "这": 0, "這": 0, "本": 0, "当": 0, "下": 1}
SHIFTS |= {"下下": 2, "去": -1, "前年": -2, "今": 0, "明": 1}
YEARS = {"去": -1, "前": -2, "今": 0, "本": 0, "明": 1, "当": 0}
UNITS = {"天": "day", "日": "day", "周": "week", "週": "week", "星期": "week"}
UNITS |= {
    "礼拜": "week",
    "禮拜": "week",
    "月": "month",
    "季": "quarter",
    "季度": "quarter",
}
UNITS |= {"年": "year"}

_N = r"(?P<n>\d{1,3}|[一二两三四五六七八九十百兩几]{1,5}|半)"
_M = r"(?P<month>1[0-2]|0?[1-9]|十[一二]?|[一二两三四五六七八九])"
_ONE = "[一二三四五六七八九]"
_D = rf"(?P<day>[12]\d|3[01]|0?[1-9]|三十一?|二?十{_ONE}?|廿{_ONE}?|{_ONE})"
_Y = (
    r"(?:(?P<year>(?:19|20)\d\d|[一二][零〇九]?[〇零一二三四五六七八九]{2,3})"
    r"\s?年\s?的?|(?P<rel>[去今前明本当])年的?)?"
)
_W = r"(?:星期|周|週|礼拜|禮拜)"
_WHICH = r"(?P<which>上上|上|这|這|本|下下|下)"
_HAN_DIGITS = str.maketrans("〇零一二三四五六七八九", "00123456789")


def _number(text: str) -> int:
    if text in ("几", "半"):
        return 3
    found = read_number(text)
    return int(found) if found is not None else 1


def _year(match: re.Match[str], today: date) -> int | None:
    groups = match.groupdict()
    if groups.get("year"):
        return int(groups["year"].translate(_HAN_DIGITS))
    if groups.get("rel"):
        return today.year + YEARS[groups["rel"]]
    return None


def _shift(match: re.Match[str]) -> int:
    return SHIFTS[match["which"]]


def _day(match: re.Match[str], today: date) -> Span:
    month, day = _number(match["month"]), _number(match["day"])
    return spans.day_of_year(month, day, _year(match, today), today)


def _days(match: re.Match[str], today: date) -> Span:
    last = spans.day_of_year(
        _number(match["month"]), _number(match["to"]), _year(match, today), today
    )
    return Span(last.from_on.replace(day=_number(match["day"])), last.to_on)


def _day_of_near_month(match: re.Match[str], today: date) -> Span:
    month = spans.unit_span("month", today, _shift(match)).from_on
    return spans.one_day(month.replace(day=_number(match["day"])))


def _unit(match: re.Match[str], today: date) -> Span:
    return spans.unit_span(UNITS[match["unit"]], today, _shift(match))


def _last(match: re.Match[str], today: date) -> Span:
    unit = UNITS[match["unit"]]
    if match["n"] == "半":
        return spans.last_units(
            *{"year": ("month", 6), "month": ("day", 15)}[unit], today
        )
    return spans.last_units(unit, _number(match["n"]), today)


def _ago(sign: int) -> Reader:
    def read(match: re.Match[str], today: date) -> Span:
        unit = UNITS[match["unit"]]
        if match["n"] == "半":
            n = {"year": 6, "month": 15}[unit]
            return spans.units_ago(
                "month" if unit == "year" else "day", sign * n, today
            )
        return spans.units_ago(unit, sign * _number(match["n"]), today)

    return read


def _named(month: int, day: int) -> Reader:
    return lambda m, t: spans.day_of_year(month, day, _year(m, t), t)


def _weekday(match: re.Match[str], today: date) -> Span:
    week = _shift(match) if match.groupdict().get("which") else 0
    return spans.weekday_span(WEEKDAYS[match["weekday"]], today, week)


def _so_far(match: re.Match[str], today: date) -> Span:
    return Span(spans.unit_span(UNITS[match["unit"]], today).from_on, today)


_DAYS = {"大前": -3, "前": -2, "昨": -1, "今": 0, "明": 1, "后": 2, "後": 2, "大后": 3}

RULES: list[tuple[re.Pattern[str], Reader]] = [
    (re.compile(pattern), reader)
    for pattern, reader in [
        (
            r"(?P<which>大前|大后|昨|今|明|前(?!几|两|三|\d)|后|後)[天日](?!内)",
            lambda m, t: spans.unit_span("day", t, _DAYS[m["which"]]),
        ),
        (r"昨[晚夜]", lambda m, t: spans.unit_span("day", t, -1)),
        (r"今[早晚]", lambda m, t: spans.unit_span("day", t)),
        (r"明[早晚]", lambda m, t: spans.unit_span("day", t, 1)),
        # 三天前, 两个月后; not 3天内, which is how long something takes.
        (rf"{_N}个?(?P<unit>天|日|周|週|星期|礼拜|月|年)(?:之|以)?前", _ago(1)),
        (rf"{_N}个?(?P<unit>天|日|周|週|星期|礼拜|月|年)(?:之|以)?[后後]", _ago(-1)),
        (
            rf"(?:最近|近|过去|過去|前|刚过去的?|这)(?:的)?{_N}个?"
            r"(?P<unit>天|日|周|週|星期|礼拜|季度|月|年)",
            _last,
        ),
        (
            rf"{_WHICH}一?个?(?P<unit>周|週|星期|礼拜|禮拜|月|季度|季)(?![一二三四五六日天1-6份]|末)",
            _unit,
        ),
        (
            r"(?P<which>上上|上|这|這|本|当|下)个?(?P<unit>月)份?(?!\d|[一二三四五六七八九十]+[号日])",
            _unit,
        ),
        (
            r"(?P<rel>去|今|前|本|明|当)年(?!上半|下半|第?[一二三四1-4]季)",
            lambda m, t: spans.unit_span("year", t, YEARS[m["rel"]]),
        ),
        (
            rf"{_WHICH}个?{_W}末",
            lambda m, t: Span(
                spans.weekday_span(5, t, _shift(m)).from_on,
                spans.weekday_span(6, t, _shift(m)).to_on,
            ),
        ),
        (rf"{_WHICH}个?{_W}(?P<weekday>[一二三四五六日天1-6])(?![个天年月])", _weekday),
        (
            rf"(?<![上下这本一二两三四五六七八九十\d每]){_W}(?P<weekday>[一二三四五六日天])(?!到|至|[-~])",
            _weekday,
        ),
        (rf"{_Y}{_M}月份?{_D}[号日號]?(?![\d个件元块天])", _day),
        (
            rf"{_Y}{_M}月{_D}[号日號]?\s?(?:到|至|-|~)\s?"
            rf"(?P<to>{_D.replace('?P<day>', '?:')})[号日號](?!\d)",
            _days,
        ),
        (rf"{_WHICH}个?月{_D}[号日號]", _day_of_near_month),
        (
            rf"(?<![\d月.一二三四五六七八九十第]){_D}[号號]"
            r"(?=下单|下的|买|買|收|发|到货|到的|送|之前|以前|前|晚|早|上午|下午|的订单|签收|付)",
            lambda m, t: spans.day_of_month(_number(m["day"]), t),
        ),
        (
            rf"{_Y}(?<![个\d一二三四五六七八九十]){_M}月份?(?![\d一二三四五六七八九十]+[号日號])(?!前|后|後|卡|付|供|天)",
            lambda m, t: spans.month_span(_number(m["month"]), _year(m, t), t),
        ),
        (
            r"(?P<year>(?:19|20)\d\d)年",
            lambda m, t: spans.unit_span("year", date(int(m["year"]), 1, 1)),
        ),
        (
            rf"{_Y}第?(?P<q>[一二三四1-4])季度?",
            lambda m, t: spans.quarter_span(_number(m["q"]), _year(m, t), t),
        ),
        (
            rf"{_Y}[Qq](?P<q>[1-4])(?![0-9A-Za-z])",
            lambda m, t: spans.quarter_span(int(m["q"]), _year(m, t), t),
        ),
        (
            rf"{_Y}(?P<half>[上下])半年",
            lambda m, t: spans.half_span(1 if m["half"] == "上" else 2, _year(m, t), t),
        ),
        (
            r"年初(?:到现在|至今|以来)",
            lambda m, t: Span(spans.unit_span("year", t).from_on, t),
        ),
        (r"(?:本|这个?|今)(?P<unit>周|月|季度|年)(?:到现在|至今|以来|到目前)", _so_far),
        (rf"{_Y}双\s?(?:十一|11)", _named(11, 11)),
        (rf"{_Y}双\s?(?:十二|12)", _named(12, 12)),
        (rf"{_Y}(?:六一八|618(?=大促|活动|期间|的时候|当天|那天|买))", _named(6, 18)),
        (rf"{_Y}(?:国庆|國慶)节?", _named(10, 1)),
        (rf"{_Y}元旦", _named(1, 1)),
        (rf"{_Y}(?:圣诞|聖誕)节?", _named(12, 25)),
        (rf"{_Y}(?:黑五|黑色星期五)", lambda m, t: spans.black_friday(_year(m, t), t)),
    ]
]

GATE = re.compile(
    r"[天日号號周週月季年]|星期|礼拜|禮拜|[昨今明][晚早夜]|双\s?[十1]|六一八|618|国庆|國慶|元旦|圣诞|聖誕|黑五|[Qq][1-4]"
)
SINCE_BEFORE = re.compile(r"自从?$")
SINCE_AFTER = re.compile(
    r"\s?(?:以来|以後|以后|至今|到现在|到目前|到今天|开始到现在|开始至今|起到现在|起至今)"
)
BETWEEN = re.compile(r"\s?(?:到|至|-|~|—)\s?$")
