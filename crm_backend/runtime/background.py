"""Commands of Deskmate that run beside a process and give way to it."""

import asyncio
import os
import sys
from collections.abc import Sequence
from datetime import timedelta

from crm_backend.config import Config
from crm_backend.runtime import tied

# Ends with who started it, and gives way to everything else.
PROGRAM = (
    *(sys.executable, tied.__file__, "nice", "-n", "19"),
    *(sys.executable, "-m", "crm_backend"),
)


async def run_command(
    config: Config,
    command: str,
    *,
    program: Sequence[str] = PROGRAM,
    at_most: timedelta | None = None,
) -> int:
    """Run a command to its end; it is stopped if this is cancelled.

    Args:
        config: whose database and folder it works on.
        command: such as "train".
        program: what takes the command.
        at_most: how long it may take.

    Returns:
        its exit status; 0 if it went well.

    Raises:
        TimeoutError: it took too long and was stopped.
    """
    environment = os.environ | {
        "DATABASE_URL": config.database_url,
        "VAR_DIR": str(config.var_dir),
    }
    process = await asyncio.create_subprocess_exec(
        *program, command, env=environment, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(at_most.total_seconds() if at_most else None):
            return await process.wait()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
