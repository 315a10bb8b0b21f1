"""Ctrl+C between two steps instead of in the middle of one."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from crm_backend.imports.faults import Stopped

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stop_on_signals() -> Iterator[Callable[[], None]]:
    """Note a signal to stop; what is yielded raises `Stopped` once there was one.

    A KeyboardInterrupt could hit the database driver anywhere, even while it closes.
    Outside of the main thread signals are none of our business.
    """
    wanted = threading.Event()

    def check() -> None:
        if wanted.is_set():
            raise Stopped

    if threading.current_thread() is not threading.main_thread():
        yield check
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        signal.signal(number, lambda *_: wanted.set())
    try:
        yield check
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
