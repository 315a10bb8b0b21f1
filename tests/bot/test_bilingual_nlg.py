import pytest
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import SlotSet, UserUttered
from rasa.shared.core.slots import TextSlot
from rasa.shared.core.trackers import DialogueStateTracker

from bot.bilingual_nlg import BilingualNlg

DOMAIN = Domain.from_yaml(
    """
version: "3.1"
responses:
  utter_bye:
    - text: Goodbye {name}
    - text: 再见 {name}
      condition: [{type: slot, name: language, value: zh}]
  utter_welcome:
    - text: You're welcome
  utter_upset:
    - text: I'm sorry about that
"""
)


def tracker_with(*events):
    slots = [TextSlot("language", mappings=[{}])]
    return DialogueStateTracker.from_events("alice", list(events), slots)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], "Goodbye Bob"),
        ([UserUttered("bye", metadata={"language": "en"})], "Goodbye Bob"),
        ([UserUttered("再见", metadata={"language": "zh"})], "再见 Bob"),
        ([SlotSet("language", "zh")], "再见 Bob"),
        (
            [SlotSet("language", "zh"), UserUttered("x", metadata={"language": "en"})],
            "Goodbye Bob",
        ),
    ],
)
async def test_the_language_of_the_message_decides(events, expected):
    nlg = BilingualNlg(domain=DOMAIN)
    tracker = tracker_with(*events)
    answer = await nlg.generate("utter_bye", tracker, "deskmate", name="Bob")
    assert answer["text"] == expected


async def test_an_unknown_response_is_none():
    nlg = BilingualNlg(domain=DOMAIN)
    assert await nlg.generate("utter_nothing", tracker_with(), "deskmate") is None


@pytest.mark.parametrize(
    ("sentiment", "expected"),
    [
        ({"label": "negative", "score": -0.9, "upset": True}, "I'm sorry about that"),
        ({"label": "negative", "score": -0.3, "upset": False}, "You're welcome"),
        (None, "You're welcome"),
    ],
)
async def test_nobody_upset_gets_a_cheerful_answer(sentiment, expected):
    nlg = BilingualNlg(domain=DOMAIN)
    said = UserUttered("thanks for nothing!", parse_data={"sentiment": sentiment})
    answer = await nlg.generate("utter_welcome", tracker_with(said), "deskmate")
    assert answer["text"] == expected
