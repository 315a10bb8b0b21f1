"""What can go wrong when the CRM is asked.

CrmError
├── CrmRejected              the rules of the shop say no (409, 400, 410)
├── CrmForbidden             this person may not (403)
├── CrmVerificationRequired  first prove who you are (403)
├── CrmNotFound              does not exist, or is not yours (404)
└── CrmUnavailable           timeout, refused, 5xx, unreadable answer
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class CrmError(Exception):
    """Any answer of the CRM other than the one asked for."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code


class CrmRejected(CrmError):
    """The request was understood and refused."""

    def __init__(
        self, code: str, message: str = "", details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(code, message)
        self.details = dict(details or {})


class CrmForbidden(CrmError):
    """The acting person lacks the permission."""


class CrmVerificationRequired(CrmError):
    """The acting person must prove an identity first."""


class CrmNotFound(CrmError):
    """No such thing, or not this person's."""

    def __init__(self, code: str, message: str = "", number: str = "") -> None:
        super().__init__(code, message)
        self.number = number

    @property
    def noun(self) -> str:
        """What was looked for: `order_not_found` -> `order`."""
        return self.code.removesuffix("_not_found")


class CrmUnavailable(CrmError):
    """The CRM could not be asked, or its answer could not be read."""
