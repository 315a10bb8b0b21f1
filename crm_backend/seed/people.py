"""Who shops here: names, mailboxes and addresses that belong to nobody."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from faker import Faker

from crm_backend.seed.catalogue import chinese_names

# Share of customers who write Chinese.
P_CHINESE = 0.35
# Share who allow predictions about themselves, and who want the newsletter.
P_CONSENT_PROFILING = 0.95
P_CONSENT_MARKETING = 0.6

# Country -> (Faker's locale, weight, cities).
WESTERN: dict[str, tuple[str, float, tuple[str, ...]]] = {
    "GB": ("en_GB", 0.5, ("London", "Leeds", "Bristol", "Glasgow", "Cardiff", "York")),
    "IE": ("en_IE", 0.2, ("Dublin", "Cork", "Galway", "Limerick")),
    "US": ("en_US", 0.3, ("Boston", "Denver", "Seattle", "Austin", "Portland")),
}
CHINESE_CITIES = (
    "上海",
    "北京",
    "深圳",
    "广州",
    "杭州",
    "成都",
    "南京",
    "武汉",
    "西安",
)


@dataclass(frozen=True)
class Person:
    """A customer to be."""

    name: str
    email: str
    phone: str
    language: str
    address: dict[str, Any]
    consent_marketing: bool = True
    consent_profiling: bool = True


def make_people(
    rng: np.random.Generator, n_people: int, taken: set[str]
) -> list[Person]:
    """Invent people with distinct names.

    Args:
        rng: the source of all chance.
        n_people: how many.
        taken: names that may not occur again, not even as a part of another name.
    """
    fakers = _fakers(int(rng.integers(2**31)))
    people: list[Person] = []
    names: set[str] = set()
    while len(people) < n_people:
        if rng.random() < P_CHINESE:
            person = _chinese(rng, fakers["CN"], len(people))
        else:
            person = _western(rng, fakers, len(people))
        clashes = person.name in names or any(name in person.name for name in taken)
        if not clashes:
            names.add(person.name)
            people.append(person)
    return people


def _fakers(seed: int) -> dict[str, Faker]:
    locales = {country: locale for country, (locale, *_) in WESTERN.items()}
    fakers = {}
    for country, locale in (*locales.items(), ("CN", "zh_CN")):
        fakers[country] = Faker(locale)
        fakers[country].seed_instance(seed)
    return fakers


def _western(rng: np.random.Generator, fakers: dict[str, Faker], nth: int) -> Person:
    countries = list(WESTERN)
    weights = [WESTERN[country][1] for country in countries]
    country = countries[int(rng.choice(len(countries), p=weights))]
    fake = fakers[country]
    first, last = fake.first_name(), fake.last_name()
    letters = "".join(c for c in f"{first}.{last}".lower() if c.isascii() and c != "'")
    cities = WESTERN[country][2]
    return Person(
        name=f"{first} {last}",
        email=_mailbox(rng, letters.replace(" ", ""), nth),
        phone=_phone(rng, country),
        language="en",
        address=_address(
            f"{first} {last}",
            fake.street_address(),
            cities[int(rng.integers(len(cities)))],
            fake.postcode(),
            country,
        ),
        consent_marketing=bool(rng.random() < P_CONSENT_MARKETING),
        consent_profiling=bool(rng.random() < P_CONSENT_PROFILING),
    )


def _chinese(rng: np.random.Generator, fake: Faker, nth: int) -> Person:
    names = chinese_names()
    # Always two given characters, so that no name is an everyday word.
    parts = [
        names[kind][int(rng.integers(len(names[kind])))]
        for kind in ("family", "given", "given")
    ]
    name = "".join(part["han"] for part in parts)
    letters = "".join(part["pinyin"] for part in parts)
    return Person(
        name=name,
        email=_mailbox(rng, letters, nth),
        phone=_phone(rng, "CN"),
        language="zh",
        address=_address(
            name,
            fake.street_address(),
            CHINESE_CITIES[int(rng.integers(len(CHINESE_CITIES)))],
            fake.postcode(),
            "CN",
        ),
        consent_marketing=bool(rng.random() < P_CONSENT_MARKETING),
        consent_profiling=bool(rng.random() < P_CONSENT_PROFILING),
    )


def _mailbox(rng: np.random.Generator, letters: str, nth: int) -> str:
    domain = "example.com" if rng.random() < 0.6 else "example.org"
    return f"{letters}{nth + 1}@{domain}"


def _phone(rng: np.random.Generator, country: str) -> str:
    """Make a number from ranges that are not given to anybody."""
    # Ofcom and the NANP keep numbers for fiction; elsewhere no such prefix is in use.
    last = int(rng.integers(1000))
    return {
        "GB": f"+447700900{last:03d}",
        "IE": f"+353200000{last:03d}",
        "US": f"+12025550{100 + last % 100:03d}",
        "CN": f"+8610055550{last:03d}",
    }[country]


def _address(
    name: str, street: str, city: str, postcode: str, country: str
) -> dict[str, Any]:
    line1, _, line2 = street.partition("\n")
    return {
        "name": name,
        "line1": line1,
        "line2": line2 or None,
        "city": city,
        "postcode": postcode,
        "country": country,
    }
