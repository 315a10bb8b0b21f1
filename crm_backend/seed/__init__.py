"""The demo shop: invented customers with habits of their own, always the same."""

from crm_backend.seed.command import N_CUSTOMERS, SeedRefused, SeedReport, seed_shop

__all__ = ["N_CUSTOMERS", "SeedRefused", "SeedReport", "seed_shop"]
