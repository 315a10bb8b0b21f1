import time

from bot.turn_records import TurnRecords


def test_an_answer_is_found_after_a_restart(tmp_path):
    path = tmp_path / "new" / "turns.db"
    TurnRecords(path).add("t1", "alice", {"messages": ["您好"]})
    assert TurnRecords(path).find("t1", "alice") == {"messages": ["您好"]}


def test_a_turn_of_another_conversation_is_not_found():
    records = TurnRecords(":memory:")
    records.add("t1", "alice", {})
    assert records.find("t1", "bob") is None


def test_the_first_answer_stays():
    records = TurnRecords(":memory:")
    records.add("t1", "alice", {"n": 1})
    records.add("t1", "alice", {"n": 2})
    assert records.find("t1", "alice") == {"n": 1}


def test_old_answers_are_forgotten():
    records = TurnRecords(":memory:")
    records.add("t1", "alice", {"n": 1})
    records.prune(time.time() + 1)
    assert records.find("t1", "alice") is None
