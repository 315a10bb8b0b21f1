import time

import pytest
import sqlalchemy as sa

from bot.turn_records import TurnRecords


@pytest.fixture
def connection():
    with sa.create_engine("sqlite://").connect() as connection:
        yield connection


@pytest.fixture
def records(connection):
    return TurnRecords(connection)


def test_an_answer_is_found_after_a_restart(connection):
    TurnRecords(connection).add(connection, "t1", "alice", {"messages": ["您好"]})
    found = TurnRecords(connection).find(connection, "t1", "alice")
    assert found == {"messages": ["您好"]}


def test_a_turn_of_another_conversation_is_not_found(connection, records):
    records.add(connection, "t1", "alice", {})
    assert records.find(connection, "t1", "bob") is None


def test_a_turn_is_answered_once(connection, records):
    records.add(connection, "t1", "alice", {"n": 1})
    with pytest.raises(sa.exc.IntegrityError):
        records.add(connection, "t1", "alice", {"n": 2})
    assert records.find(connection, "t1", "alice") == {"n": 1}


def test_old_answers_are_forgotten(connection, records):
    records.add(connection, "t1", "alice", {"n": 1})
    records.prune(connection, time.time() + 1)
    assert records.find(connection, "t1", "alice") is None
