"""What a job is: work that takes longer than a request may."""

import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

from crm_backend.db import Sessions

log = logging.getLogger("crm_backend.jobs")

Step = Literal["train", "score", "retrain", "evaluate", "report"]


class Report(Protocol):
    """Is told what is going on, a sentence at a time."""

    def __call__(self, sentence: str, /) -> object:
        """Pass a sentence on."""


class Run(Protocol):
    """The work itself; may be repeated and does not double anything."""

    async def __call__(
        self,
        sessions: Sessions,
        var_dir: Path,
        *,
        as_of: datetime | None = None,
        report: Report = log.info,
    ) -> object:
        """Do it.

        Args:
            sessions: of the shop's database.
            var_dir: where files are kept.
            as_of: the present; where the records end by default.
            report: told what is going on.

        Raises:
            Conflict: it cannot be done now, such as with too little data; what was
                stored before stays in place.
        """


@dataclass(frozen=True)
class Job:
    """One piece of work.

    Attributes:
        name: unique within its step, such as "purchase".
        step: the command that runs it.
        does: what it does, for the help of the command line.
        run: the work.
    """

    name: str
    step: Step
    does: str
    run: Run
