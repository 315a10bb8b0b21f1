"""The one error tree of the CRM; the middleware turns it into HTTP answers.

AppError
├── Invalid              400
├── Unauthenticated      401
├── Forbidden            403
├── NotFound             404
├── Conflict             409
├── Gone                 410
├── TooLarge             413
├── TooManyRequests      429
└── Unavailable          503
"""

from collections.abc import Mapping
from typing import Any


class AppError(Exception):
    """A refusal with a stable code for programs and a sentence for people."""

    status = 500

    def __init__(
        self,
        code: str,
        message: str,
        *,
        details: Mapping[str, Any] | None = None,
        keeps_changes: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = dict(details or {})
        # A refusal undoes what was written before it, unless counting it matters.
        self.keeps_changes = keeps_changes


class Invalid(AppError):
    """The request breaks a rule that the message names."""

    status = 400


class Unauthenticated(AppError):
    """Nobody, or somebody with an expired proof, is asking."""

    status = 401


class Forbidden(AppError):
    """Who is asking is known and may not do this."""

    status = 403


class NotFound(AppError):
    """It does not exist, or is not theirs: the same answer on purpose."""

    status = 404


class Conflict(AppError):
    """The thing is in a state that does not allow this."""

    status = 409


class Gone(AppError):
    """It existed and is over, such as an expired code."""

    status = 410


class TooLarge(AppError):
    """The body is longer than the limit."""

    status = 413


class TooManyRequests(AppError):
    """Asked too often; the answer says when to ask again, if that is known."""

    status = 429

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retry_after_seconds: int | None = None,
        keeps_changes: bool = False,
    ) -> None:
        details = None
        if retry_after_seconds is not None:
            details = {"retry_after_seconds": retry_after_seconds}
        super().__init__(code, message, details=details, keeps_changes=keeps_changes)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(AppError):
    """Something this needs does not answer."""

    status = 503
