"""The demo shop: invented customers with habits of their own, always the same."""

from crm_backend.seed.command import SeedRefused, SeedReport, seed_shop

__all__ = ["SeedRefused", "SeedReport", "seed_shop"]
