"""What the tests of the checker share."""

from dataclasses import replace

from tests.faults.checker import check
from tests.faults.evidence import Evidence, Talk, View


def show_all(talk: Talk) -> None:
    """Let the visitors have seen what the log says now."""
    seen = tuple((x.seq, x.sender, x.text) for x in talk.log if not x.suppressed)
    talk.views = [View(seen)]


def renumber(talk: Talk) -> None:
    """Give the lines the numbers of their places."""
    talk.log = [replace(line, seq=i) for i, line in enumerate(talk.log, 1)]
    seqs = {line.client_message_id: line.seq for line in talk.log}
    talk.sent = [
        replace(sent, seq=seqs.get(sent.client_message_id)) for sent in talk.sent
    ]
    show_all(talk)


def verdicts(evidence: Evidence) -> set[str]:
    return {problem.verdict for problem in check(evidence)}
