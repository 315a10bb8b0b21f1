"""What is drawn: everything named, nothing styled by attribute."""

import xml.etree.ElementTree as ElementTree
from datetime import date, timedelta

import pytest

from crm_backend.charts.drawing import draw
from crm_backend.charts.look import WIDTHS
from crm_backend.charts.specs import (
    Bar,
    BarChart,
    Chart,
    Dot,
    DotChart,
    LineChart,
    Part,
    Point,
    Sparkline,
    StackedChart,
    from_json,
    to_json,
)

SVG = "{http://www.w3.org/2000/svg}"
MONDAY = date(2026, 8, 3)
WORDS = {"title": "Won & lost", "summary": "Rita leads <by far>."}
CHARTS: list[Chart] = [
    BarChart(
        **WORDS,
        bars=[Bar("Rita", 12.0, "€12"), Bar("Rita", 3.0, "€3"), Bar('"});x', 0.0)],
        reference=5.0,
    ),
    StackedChart(**WORDS, parts=[Part("May", "won", 3.0), Part("May", "lost", 1.0)]),
    LineChart(
        **WORDS,
        language="zh",
        points=[Point(MONDAY + timedelta(7 * n), n, "实际") for n in range(4)]
        + [Point(MONDAY + timedelta(28), 4, "预测", low=2, high=6)],
    ),
    DotChart(**WORDS, values="percent", has_diagonal=True, dots=[Dot(0.1, 0.2)]),
    Sparkline(**WORDS, levels=[1.0, 3.0, 2.0]),
]
KINDS = [chart.kind for chart in CHARTS]


@pytest.fixture(scope="module", params=CHARTS, ids=KINDS)
def chart(request: pytest.FixtureRequest) -> Chart:
    return request.param


@pytest.fixture(scope="module")
def picture(chart: Chart) -> ElementTree.Element:
    return ElementTree.fromstring(draw(chart, "narrow"))


def words_in(picture: ElementTree.Element) -> list[str]:
    return ["".join(text.itertext()) for text in picture.iter(f"{SVG}text")]


def test_picture_has_a_title_and_a_description(picture: ElementTree.Element) -> None:
    by_id = {one.get("id"): one.text for one in picture.iter() if one.get("id")}
    assert picture.get("role") == "img"
    named_by = picture.get("aria-labelledby", "").split()
    assert [by_id[name] for name in named_by] == list(WORDS.values())


def test_parts_of_a_picture_say_nothing_themselves(
    picture: ElementTree.Element,
) -> None:
    inner = [one for one in picture.iter() if one is not picture]
    assert not [one.attrib for one in inner if "role" in one.attrib]


def test_nothing_is_styled_by_attribute_or_loaded(
    picture: ElementTree.Element,
) -> None:
    for one in picture.iter():
        assert not {"style", "href", "onclick"} & one.attrib.keys()
        assert not one.tag.endswith(("script", "style", "image"))


def test_colours_are_those_of_the_page(picture: ElementTree.Element) -> None:
    colours = {
        one.get(name) for one in picture.iter() for name in ("fill", "stroke")
    } - {None, "none", "transparent"}
    assert colours
    assert all(colour.startswith("var(--chart-") for colour in colours), colours


def test_picture_is_as_wide_as_it_should_be(chart: Chart) -> None:
    if isinstance(chart, Sparkline):
        pytest.skip("a line in a table has one width")
    for width, most_px in WIDTHS.items():
        picture = ElementTree.fromstring(draw(chart, width))
        assert float(picture.get("width", "inf")) <= most_px + 1


def test_charts_pass_through_json(chart: Chart) -> None:
    assert to_json(from_json(to_json(chart))) == to_json(chart)


def test_bars_of_one_name_stay_apart_and_names_are_no_code() -> None:
    words = words_in(ElementTree.fromstring(draw(CHARTS[0], "wide")))
    assert words.count("Rita") == 2
    assert '"});x' in words
    assert {"€12", "€3"} <= set(words)


def test_days_are_written_in_the_readers_language() -> None:
    words = words_in(ElementTree.fromstring(draw(CHARTS[2], "wide")))
    assert any("月" in word for word in words)
    assert {"实际", "预测"} <= set(words)


def test_picture_of_its_own_brings_its_colours() -> None:
    svg = draw(CHARTS[0], "narrow", stands_alone=True)
    assert "prefers-color-scheme:dark" in svg
    ElementTree.fromstring(svg)


def test_empty_chart_is_drawn() -> None:
    assert draw(BarChart(**WORDS, bars=[]), "wide").startswith("<svg")
    assert draw(LineChart(**WORDS, points=[]), "wide").startswith("<svg")
