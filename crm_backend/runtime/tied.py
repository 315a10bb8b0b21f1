"""Run a program that is told to stop when the process that started it dies.

    python tied.py PROGRAM ARGUMENTS...

Otherwise a supervisor that is killed would leave its processes, which nobody stops and
which keep their ports. Run by its path, so that nothing else has to be loaded.
"""

import ctypes
import os
import signal
import sys

# From linux/prctl.h; it outlasts the exec.
PR_SET_PDEATHSIG = 1


def main() -> None:
    """Become the program."""
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        # It died before it could be told of.
        return
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
