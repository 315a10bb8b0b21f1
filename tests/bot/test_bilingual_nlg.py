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
