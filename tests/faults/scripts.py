"""What the visitors come for, in English and in Chinese."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.faults.shop import Buyer
from tests.faults.tab import Sight
from tests.faults.visitor import Visitor

# How often a customer who was given an apology asks again.
N_TRIES = 4

SMALL_TALK = {
    "en": [
        "hello",
        "how much is shipping?",
        "which payment methods do you take?",
        "what is your return policy",
        "do you have a kettle?",
        "thanks a lot",
        "what can you do?",
    ],
    "zh": [
        "你好",
        "运费多少钱？",
        "可以用什么方式付款？",
        "怎么退货",
        "谢谢",
        "你能做什么？",
    ],
}
WORDS = {
    "en": {
        "track": "where is my order {number}?",
        "cancel": "please cancel my order {number}",
        "complain": "THIS IS A DISGRACE!!! parcel {marker} came broken, terrible "
        "service, I want to file a complaint about it right now",
        "person": "I want to talk to a human",
        "after": "are you still there?",
    },
    "zh": {
        "track": "你好，我的订单 {number} 到哪了？",
        "cancel": "帮我取消订单 {number}",
        "complain": "太差劲了！！！包裹 {marker} 收到又是碎的，已经第三次了，"
        "服务态度极差，我要投诉你们！",
        "person": "转人工客服",
        "after": "还在吗？",
    },
}


@dataclass
class Visit:
    """A visitor, what they have, and what they did."""

    visitor: Visitor
    buyer: Buyer
    marker: str

    def words(self, name: str) -> str:
        """What the visitor says, in their language."""
        text = WORDS[self.visitor.language][name]
        return text.format(number=self.buyer.order_number, marker=self.marker)


async def chat(visit: Visit) -> None:
    """Ask this and that, once several things in a row."""
    visitor = visit.visitor
    texts = visitor.rng.sample(SMALL_TALK[visitor.language], 5)
    for text in texts[:2]:
        await visitor.ask(text)
        await visitor.ponder()
    await visitor.ask_quickly(texts[2:])


async def track_order(visit: Visit) -> None:
    """Ask where an order is, prove who asks, and ask on."""
    visitor = visit.visitor
    await _with_proof(visit, "track")
    await visitor.ponder()
    await visitor.ask(visitor.rng.choice(SMALL_TALK[visitor.language]))
    await visitor.ponder()
    await visitor.ask(visit.words("track"))


async def cancel_order(visit: Visit) -> None:
    """Cancel an order: say so, prove who says it, press yes, see that it is so."""
    visitor = visit.visitor
    lines = await _with_proof(visit, "cancel")
    for _ in range(N_TRIES):
        button = visitor.find_button("/affirm") if _offers_yes(lines) else None
        if button is not None:
            await visitor.ponder()
            lines = await visitor.press(**button)
            if not _is_apology(lines):
                break
        await visitor.ponder()
        lines = await visitor.ask(visit.words("cancel"))
        if not _offers_yes(lines) and not _is_apology(lines):
            break
    await visitor.ponder()
    await visitor.ask(visit.words("track"))


async def open_ticket(visit: Visit) -> None:
    """Complain, press yes, and ask something else."""
    visitor = visit.visitor
    for _ in range(N_TRIES):
        lines = await visitor.ask(visit.words("complain"))
        button = visitor.find_button("/affirm") if _offers_yes(lines) else None
        if button is not None:
            await visitor.ponder()
            await visitor.press(**button)
            break
        await visitor.ponder()
    await visitor.ponder()
    await visitor.ask(visitor.rng.choice(SMALL_TALK[visitor.language]))


async def ask_for_person(visit: Visit) -> None:
    """Ask for a person, after which the bot is silent."""
    visitor = visit.visitor
    await visitor.ask(SMALL_TALK[visitor.language][0])
    await visitor.ponder()
    await visitor.ask(visit.words("person"))
    await visitor.ponder()
    await visitor.ask(visit.words("after"))


Script = Callable[[Visit], Awaitable[None]]
SCRIPTS: dict[Script, int] = {
    chat: 30,
    track_order: 20,
    cancel_order: 30,
    open_ticket: 20,
    ask_for_person: 4,
}


def pick_script(rng: random.Random) -> Script:
    """Choose what a visitor comes for."""
    return rng.choices(list(SCRIPTS), weights=list(SCRIPTS.values()))[0]


async def _with_proof(visit: Visit, name: str) -> list[Sight]:
    """Ask something that needs a proof, and give it."""
    visitor = visit.visitor
    lines: list[Sight] = []
    for _ in range(N_TRIES):
        lines = await visitor.ask(visit.words(name))
        if _asks_for_proof(lines) and visitor.tab.level == "anonymous":
            await visitor.ponder()
            lines = await visitor.verify(visit.buyer.email)
        if lines and not _is_apology(lines):
            break
        await visitor.ponder()
    return lines


def _asks_for_proof(lines: list[Sight]) -> bool:
    return any(b["type"] == "verify" for s in lines for b in s.line["blocks"])


def _offers_yes(lines: list[Sight]) -> bool:
    buttons = [button for sight in lines for button in sight.line["buttons"]]
    return any(button["payload"].startswith("/affirm{") for button in buttons)


def _is_apology(lines: list[Sight]) -> bool:
    buttons = [button for sight in lines for button in sight.line["buttons"]]
    return [button["payload"] for button in buttons] == ["/human_handoff"]
