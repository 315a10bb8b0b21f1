"""How people shop: the hidden rules behind the demo's orders and visits.

What a predictor may find: a rhythm of one's own (gamma-distributed gaps), customers
who leave for good, pauses, seasons, waiting for sales, and visits that gather before an
order, but also without one.
"""

from dataclasses import dataclass
from functools import cache
from math import cos, pi

import numpy as np

from crm_backend.seed.catalogue import Article, articles, categories

DAYS_PER_YEAR = 365.25
# Days of the year on which a sale begins (January, spring, summer, Singles' Day,
# Christmas), each of this length.
SALES_BEGIN = (5, 95, 180, 310, 340)
SALE_DAYS = 10
# How far ahead a thrifty customer can wait for a sale.
SALE_PATIENCE_DAYS = 18
# How often, and for how long, people who left for good still look around.
GONE_VISITS = 5
GONE_VISITS_DAYS = 120
# How much the whole shop sells in each month, compared with an average month.
MONTHS = (0.85, 0.8, 0.9, 0.95, 1.0, 1.0, 0.9, 0.85, 1.0, 1.05, 1.35, 1.4)

FloatArray = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True)
class Habits:
    """What drives one customer; nobody but the generator ever sees it.

    Attributes:
        mean_gap_days: between two orders, in an average season.
        regularity: shape of the gamma distribution of the gaps; higher is steadier.
        p_leave: chance to leave for good after an order.
        p_pause: chance of a long pause after an order.
        thrift: chance to wait for a sale or use a voucher.
        season_amplitude: how much the own season counts, 0 to 1.
        season_peak_day: the day of the year the own season peaks.
        tastes: the chance of each category, summing to 1.
        p_return: chance to send something of an order back.
        n_visits_before: mean number of visits that lead to an order.
        browse_days: mean days between looks around without an aim.
        mean_lines: articles in an order, at least one.
    """

    mean_gap_days: float
    regularity: float
    p_leave: float
    p_pause: float
    thrift: float
    season_amplitude: float
    season_peak_day: float
    tastes: FloatArray
    p_return: float
    n_visits_before: float
    browse_days: float
    mean_lines: float


def draw_habits(rng: np.random.Generator) -> Habits:
    """Draw the habits of one customer."""
    n_categories = len(categories())
    return Habits(
        mean_gap_days=float(np.clip(rng.lognormal(np.log(32), 0.75), 9, 300)),
        regularity=float(rng.uniform(1.2, 4.5)),
        p_leave=float(rng.beta(1.1, 18)),
        p_pause=float(rng.beta(1.5, 20)),
        thrift=float(rng.beta(1.2, 2.5)),
        season_amplitude=float(rng.beta(1.5, 3)),
        season_peak_day=float(rng.uniform(0, DAYS_PER_YEAR)),
        tastes=rng.dirichlet(np.full(n_categories, 0.5)),
        p_return=float(rng.beta(1, 13)),
        n_visits_before=float(rng.gamma(2.5, 1.0)),
        browse_days=float(np.clip(rng.lognormal(np.log(30), 0.8), 4, 400)),
        mean_lines=float(1 + rng.gamma(2, 0.45)),
    )


def draw_order_days(
    rng: np.random.Generator, habits: Habits, joined_day: float, last_day: float
) -> tuple[list[float], float]:
    """Draw when a customer orders.

    Args:
        rng: the source of all chance.
        habits: of the customer.
        joined_day: when they came, in days; day 0 is a first of January.
        last_day: where to stop.

    Returns:
        the days of their orders, and the day on which they lose interest.
    """
    days: list[float] = []
    day = joined_day + float(rng.exponential(2.0))
    while day < last_day:
        days.append(day)
        if rng.random() < habits.p_leave:
            return days, day + float(rng.exponential(15))
        gap = float(rng.gamma(habits.regularity, habits.mean_gap_days))
        gap /= habits.regularity
        gap /= _season(habits, day + gap / 2)
        if rng.random() < habits.p_pause:
            gap += float(rng.uniform(60, 150))
        day += gap
        sale = _next_sale(day)
        if sale is not None and rng.random() < habits.thrift:
            day = sale + float(rng.uniform(0, SALE_DAYS / 2))
    return days, last_day


def draw_visit_days(
    rng: np.random.Generator,
    habits: Habits,
    order_days: list[float],
    joined_day: float,
    left_day: float,
    last_day: float,
) -> list[float]:
    """Draw when a customer visits the site: before orders, and just to look around."""
    days: list[float] = []
    for order_day in order_days:
        n_visits = int(rng.poisson(habits.n_visits_before))
        days.extend(order_day - rng.exponential(6.0, size=n_visits))
    active_days = max(left_day - joined_day, 0.0)
    n_looks = int(rng.poisson(active_days / habits.browse_days))
    for look in rng.uniform(joined_day, left_day, size=n_looks):
        # Some looks around turn into an evening of comparing, and into nothing.
        n_visits = 1 + int(rng.poisson(0.8))
        days.extend(look + rng.exponential(0.7, size=n_visits))
    # Those who left still drop by, but less and less.
    n_memories = int(rng.poisson(GONE_VISITS)) if left_day < last_day else 0
    days.extend(left_day + rng.exponential(GONE_VISITS_DAYS, size=n_memories))
    return sorted(float(day) for day in days if day >= joined_day)


def draw_basket(rng: np.random.Generator, habits: Habits) -> list[tuple[Article, int]]:
    """Draw the articles of one order and how many of each."""
    n_lines = 1 + int(rng.poisson(habits.mean_lines - 1))
    chosen: dict[int, tuple[Article, int]] = {}
    for index in rng.choice(len(categories()), size=n_lines, p=habits.tastes):
        offer = _by_category()[int(index)]
        article = offer[int(rng.integers(len(offer)))]
        quantity = 1 + int(rng.random() < 0.12)
        chosen[article.id] = (article, quantity)
    return list(chosen.values())


def discount_percent(rng: np.random.Generator, habits: Habits, day: float) -> int:
    """Draw the discount of an order made on `day`."""
    if is_sale(day):
        return int(rng.choice((15, 20, 25)))
    return 10 if rng.random() < habits.thrift * 0.3 else 0


def is_sale(day: float) -> bool:
    """Tell whether a sale is on."""
    day_of_year = day % DAYS_PER_YEAR
    return any(begin <= day_of_year < begin + SALE_DAYS for begin in SALES_BEGIN)


def _next_sale(day: float) -> float | None:
    """Return when the next sale begins, if that is soon enough to wait for."""
    day_of_year = day % DAYS_PER_YEAR
    waits = [(begin - day_of_year) % DAYS_PER_YEAR for begin in SALES_BEGIN]
    return day + min(waits) if min(waits) <= SALE_PATIENCE_DAYS else None


def _season(habits: Habits, day: float) -> float:
    day_of_year = day % DAYS_PER_YEAR
    shop = MONTHS[min(int(day_of_year / DAYS_PER_YEAR * 12), 11)]
    angle = 2 * pi * (day_of_year - habits.season_peak_day) / DAYS_PER_YEAR
    return shop * (1 + 0.8 * habits.season_amplitude * cos(angle))


@cache
def _by_category() -> list[list[Article]]:
    return [
        [article for article in articles() if article.category == category]
        for category in categories()
    ]
