"""The process that draws: `python -m crm_backend.charts.worker`.

A line of JSON in, a line of JSON out, until the input ends, which it also does when
whoever started this is gone.
"""

import json
import os
import sys

# Chats go first; a chart may wait.
NICENESS = 10


def main() -> None:
    """Draw what comes in, one after the other."""
    os.nice(NICENESS)
    from crm_backend.charts.drawing import draw
    from crm_backend.charts.specs import from_json

    for line in sys.stdin:
        wish = json.loads(line)
        try:
            chart = from_json(wish["chart"])
            stands_alone = wish["stands_alone"]
            answer = {"svg": draw(chart, wish["width"], stands_alone=stands_alone)}
        except Exception as err:
            # One chart that cannot be drawn must not cost the others theirs.
            answer = {"error": type(err).__name__}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
