from benchmarks.turns.profile import attribute, costliest, read_samples

LOOP = "run_forever (asyncio/base_events.py:607)"
SERVE = "serve (crm_backend/cli.py:111)"
CLAIM = "claim (crm_backend/services/turns.py:67)"
SELECT = "Session.execute (sqlalchemy/orm/session.py:2360)"


def test_samples_are_stacks_and_counts() -> None:
    assert read_samples(f"{SERVE};{LOOP} 3\n{LOOP} 1\n") == [
        ([SERVE, LOOP], 3),
        ([LOOP], 1),
    ]


def test_a_sample_counts_for_the_innermost_function_of_ours() -> None:
    found = attribute([SERVE, LOOP, CLAIM, SELECT])
    assert found == ("`claim` crm_backend/services/turns.py", "67")


def test_where_no_caller_is_known_the_library_is_named() -> None:
    assert attribute([SERVE, LOOP, SELECT]) == (
        "`Session.execute` sqlalchemy/orm/session.py",
        "2360",
    )


def test_waiting_costs_nothing() -> None:
    waiting = "wait (threading.py:320)"
    costs = costliest([([SERVE, waiting], 90), ([SERVE, LOOP, CLAIM], 10)])
    assert [(cost.name, cost.share) for cost in costs] == [
        ("`claim` crm_backend/services/turns.py:67", 1.0)
    ]


def test_the_costliest_come_first_with_their_busiest_line() -> None:
    other = "claim (crm_backend/services/turns.py:70)"
    samples = [([CLAIM], 1), ([other], 5), ([SELECT], 4)]
    names = [cost.name for cost in costliest(samples, 1)]
    assert names == ["`claim` crm_backend/services/turns.py:70"]
