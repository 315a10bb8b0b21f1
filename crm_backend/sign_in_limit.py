"""How often a network address may fail to sign in."""

from collections import deque
from datetime import datetime, timedelta

from crm_backend.errors import TooManyRequests

# Enough for a colleague's typing errors, too few to guess a password.
MAX_FAILED_SIGN_INS = 10
FAILED_SIGN_INS_WINDOW = timedelta(minutes=15)


class SignInLimit:
    """Counts failed sign-ins per network address, in this process."""

    def __init__(self) -> None:
        self._failed_at: dict[str, deque[datetime]] = {}

    def begin(self, address: str, now: datetime) -> None:
        """Count an attempt before its password is looked at, so bursts count too.

        Raises:
            TooManyRequests: the address failed too often within the window.
        """
        failed_at = self._failed_at.setdefault(address, deque())
        while failed_at and failed_at[0] <= now - FAILED_SIGN_INS_WINDOW:
            failed_at.popleft()
        if len(failed_at) >= MAX_FAILED_SIGN_INS:
            raise TooManyRequests(
                "too_many_attempts",
                f"Too many failed sign-ins from {address}. Try again later.",
            )
        failed_at.append(now)

    def succeed(self, address: str) -> None:
        """Forget the failures of an address that knew a password in the end."""
        self._failed_at.pop(address, None)
