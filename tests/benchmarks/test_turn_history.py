import json

from benchmarks.turns.history import PAST_SECONDS, Past, events_of, split

NOW = 1_000_000.0


def event(kind: str, timestamp: float, **data: object) -> dict[str, object]:
    text = json.dumps({"event": kind, "timestamp": timestamp, **data})
    return {
        "id": 7,
        "sender_id": "model",
        "type_name": kind,
        "timestamp": timestamp,
        "data": text,
    }


def past() -> Past:
    rows = [event("session_started", 10.0), event("user", 11.0, text="你好")]
    rows += [event("bot", 11.5), event("user", 20.0), event("bot", 20.5)]
    first, events = split(rows, lambda row: row["type_name"] == "user")
    return Past({}, first_events=first, events=events)


def test_rows_are_cut_where_a_turn_begins() -> None:
    assert [row["type_name"] for row in past().first_events] == ["session_started"]
    assert [[row["type_name"] for row in turn] for turn in past().events] == [
        ["user", "bot"],
        ["user", "bot"],
    ]


def test_a_past_repeats_the_turns_that_took_place() -> None:
    rows = list(events_of(past(), "c", 5, NOW))
    kinds = [row["type_name"] for row in rows]
    assert kinds == ["session_started", *["user", "bot"] * 5]
    assert {row["sender_id"] for row in rows} == {"c"}
    assert {row["id"] for row in rows} == {None}


def test_a_past_is_in_order_and_of_one_session() -> None:
    rows = list(events_of(past(), "c", 200, NOW))
    moments = [row["timestamp"] for row in rows]
    assert moments == sorted(moments)
    assert moments[0] > NOW - PAST_SECONDS - 60
    assert moments[-1] < NOW


def test_an_event_says_the_same_moment_as_its_row() -> None:
    for row in events_of(past(), "c", 3, NOW):
        assert json.loads(row["data"])["timestamp"] == row["timestamp"]
    assert "你好" in next(
        row["data"] for row in events_of(past(), "c", 1, NOW) if "text" in row["data"]
    )
