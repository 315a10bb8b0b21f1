"""Customers with fixed numbers, for demonstrations and tests.

| customer | number | e-mail | orders |
|---|---|---|---|
| Alice Morgan | C-100001 | alice@example.com | DM-100101 shipped; DM-100102 paid, may be cancelled; DM-100103 delivered 5 days ago; DM-100104 delivered 200 days ago; DM-100105 returned (R-100105), refund F-100105 pending |
| 王芳 | C-100002 | wangfang@example.com | DM-100201 shipped; DM-100202 paid, may be cancelled; DM-100203 delivered 6 days ago |
| Bob Keller | C-100003 | bob@example.com | DM-100301 shipped; DM-100302 delivered 90 days ago |
| Nora Quinn | C-100004 | nora@example.com | DM-100401 delivered; allows no predictions |
| Sam Rivers | C-100005 | sam@example.com | DM-100501 ... DM-100512: every three weeks, looks around now |
| 李娜 | C-100006 | lina@example.com | DM-100601, DM-100602: gone for a year |
| Emma Stone-Field | C-100007 | emma@example.com | none yet |
"""  # noqa: E501

from dataclasses import dataclass, field
from datetime import timedelta

from crm_backend.seed.catalogue import articles
from crm_backend.seed.ledger import Ledger, Row
from crm_backend.seed.orders import Course, Plan, add_order, add_return


@dataclass(frozen=True)
class StoryOrder:
    """An order placed some days before the present; None: has not happened yet."""

    number: str
    days_ago: float
    skus: tuple[str, ...]
    delivered_days_ago: float | None = None
    is_shipped: bool = True
    percent_off: int = 0
    is_returned: bool = False


@dataclass(frozen=True)
class Story:
    """A customer whose records are the same in every demo shop."""

    number: str
    name: str
    email: str
    phone: str
    language: str
    line1: str
    city: str
    postcode: str
    country: str
    joined_days_ago: float
    orders: tuple[StoryOrder, ...] = ()
    visits_days_ago: tuple[float, ...] = field(default=())
    consent_profiling: bool = True


def _delivered(
    number: str, days_ago: float, *skus: str, is_returned: bool = False
) -> StoryOrder:
    return StoryOrder(
        number, days_ago + 4, skus, delivered_days_ago=days_ago, is_returned=is_returned
    )


STORIES = (
    Story(
        "C-100001", "Alice Morgan", "alice@example.com", "+447700900101", "en",
        "12 Rose Lane", "Bristol", "BS1 4DJ", "GB", 420,
        orders=(
            _delivered("DM-100104", 199.6, "CL-002", "SP-008"),
            _delivered("DM-100105", 19.6, "SH-003", is_returned=True),
            _delivered("DM-100103", 4.6, "KI-003", "KI-009"),
            StoryOrder("DM-100101", 2.9, ("CL-001", "HO-003")),
            StoryOrder("DM-100102", 0.2, ("EL-001",), is_shipped=False),
        ),
        visits_days_ago=(28, 24.5, 10.2, 9.4, 3.3, 3.1, 0.4, 0.3),
    ),
    Story(
        "C-100002", "王芳", "wangfang@example.com", "+8610055550101", "zh",
        "人民路88号3单元502室", "上海", "200010", "CN", 300,
        orders=(
            _delivered("DM-100203", 5.6, "BE-001", "BE-008"),
            StoryOrder("DM-100201", 2.6, ("KI-005",), percent_off=10),
            StoryOrder("DM-100202", 0.25, ("EL-008", "TO-005"), is_shipped=False),
        ),
        visits_days_ago=(12, 10.5, 4, 2.8, 0.6),
    ),
    Story(
        "C-100003", "Bob Keller", "bob@example.com", "+447700900103", "en",
        "7 Mill Road", "Leeds", "LS2 8JS", "GB", 380,
        orders=(
            _delivered("DM-100302", 89.7, "SP-003"),
            StoryOrder("DM-100301", 2.4, ("SP-004", "SP-005")),
        ),
        visits_days_ago=(92, 4.5, 2.6),
    ),
    Story(
        "C-100004", "Nora Quinn", "nora@example.com", "+353200000104", "en",
        "3 Harbour View", "Galway", "H91 E2K3", "IE", 260,
        orders=(_delivered("DM-100401", 39.7, "TO-003"),),
        visits_days_ago=(44.5, 9),
        consent_profiling=False,
    ),
    Story(
        "C-100005", "Sam Rivers", "sam@example.com", "+12025550105", "en",
        "450 Cedar Avenue", "Portland", "97205", "US", 262,
        orders=tuple(
            _delivered(f"DM-1005{nth:02d}", 13.6 + 21 * (12 - nth), "KI-009", "BE-002")
            for nth in range(1, 13)
        ),
        visits_days_ago=(19, 18.6, 11, 6, 4.2, 2.5, 1.4, 0.9, 0.5),
    ),
    Story(
        "C-100006", "李娜", "lina@example.com", "+8610055550106", "zh",
        "文三路20号", "杭州", "310012", "CN", 560,
        orders=(
            _delivered("DM-100601", 509.6, "CL-008"),
            _delivered("DM-100602", 364.5, "SH-005"),
        ),
        visits_days_ago=(515, 370),
    ),
    Story(
        "C-100007", "Emma Stone-Field", "emma@example.com", "+447700900107", "en",
        "1 Castle Street", "York", "YO1 9RL", "GB", 6,
        visits_days_ago=(6, 2),
    ),
)  # fmt: skip

STORY_NUMBERS = frozenset(story.number for story in STORIES)
STORY_NAMES = frozenset(story.name for story in STORIES)


def add_stories(ledger: Ledger) -> None:
    """Add the story customers with their orders and visits."""
    for story in STORIES:
        _add_story(ledger, story)


def _add_story(ledger: Ledger, story: Story) -> None:
    now = ledger.as_of
    customer = ledger.add(
        "customers",
        number=story.number,
        name=story.name,
        email=story.email,
        phone=story.phone,
        language=story.language,
        city=story.city,
        country=story.country,
        joined_at=now - timedelta(days=story.joined_days_ago),
        consent_marketing=True,
        consent_profiling=story.consent_profiling,
        consent_changed_at=now - timedelta(days=story.joined_days_ago),
    )
    for order in story.orders:
        _add_story_order(ledger, story, customer, order)
    for days_ago in story.visits_days_ago:
        ledger.add(
            "visits",
            import_key=None,
            customer_id=customer["id"],
            product_id=None,
            page="/",
            source="direct",
            visited_at=now - timedelta(days=days_ago),
            duration_seconds=90,
        )


def _add_story_order(
    ledger: Ledger, story: Story, customer: Row, order: StoryOrder
) -> None:
    now = ledger.as_of
    by_sku = {article.sku: article for article in articles()}
    ordered_at = now - timedelta(days=order.days_ago)
    shipped_at = ordered_at + timedelta(days=1)
    delivered_at = now + timedelta(days=2)
    if order.delivered_days_ago is not None:
        delivered_at = now - timedelta(days=order.delivered_days_ago)
    elif not order.is_shipped:
        shipped_at, delivered_at = now + timedelta(days=1), now + timedelta(days=4)
    address = {
        "name": story.name,
        "line1": story.line1,
        "line2": None,
        "city": story.city,
        "postcode": story.postcode,
        "country": story.country,
    }
    row = add_order(
        ledger,
        customer,
        address,
        ordered_at,
        [(by_sku[sku], 1) for sku in order.skus],
        Course(
            paid_at=ordered_at + timedelta(minutes=10),
            packed_at=shipped_at - timedelta(hours=3),
            shipped_at=shipped_at,
            delivered_at=delivered_at,
        ),
        percent_off=order.percent_off,
        number=order.number,
    )
    if order.is_returned:
        plan = Plan(
            requested_at=now - timedelta(days=11.6),
            approved_at=now - timedelta(days=11.2),
            received_at=now - timedelta(days=2.7),
            refunded_at=now + timedelta(days=2),
        )
        add_return(ledger, row, story.language, plan, order.number.removeprefix("DM-"))
