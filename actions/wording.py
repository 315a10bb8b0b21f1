"""Words that say yes, no or stop, whatever the message as a whole resembles."""

from __future__ import annotations

import re

STOP = frozenset(
    [
        "stop",
        "cancel",
        "quit",
        "exit",
        "abort",
        "never mind",
        "nevermind",
        "forget it",
        "forget about it",
        "leave it",
        "don't bother",
        "停",
        "停止",
        "停下",
        "取消",
        "算了",
        "算了吧",
        "不用了",
        "不要了",
        "退出",
        "别弄了",
        "不弄了",
        "没事了",
    ]
)
YES = re.compile(
    r"(yes|yeah|yep|yup|sure|ok|okay|correct|confirm|go ahead|please do|do it)\b"
    r"|(是|是的|对|对的|好|好的|可以|行|嗯|确认|确定|没错|没问题|同意)[了吧啊呀的]?$",
    re.IGNORECASE,
)
NO = re.compile(
    r"(no|nope|nah|not|don['’]?t|do not|wait|keep|leave)\b"
    r"|不|别|否|没有|等等|等一下|算了|留着|保留",
    re.IGNORECASE,
)
# The last words of a wish taken back: "I don't want to cancel it any more".
_TAKES_BACK = re.compile(
    r"(?:^|[\s,.!;])(?:do not|don['’]?t|no longer|won['’]?t|will not)\s"
    r"(?:(?:want|wish|need|have|like)\s(?:to\s)?)?(?:cancel|return|send back|change)\b"
    r"(?:\s(?:it|that|this|them|my|the|order|address|item|back|now|after all|any\s?more"
    r"|#?[\w-]*\d[\w-]*))*$"
    r"|(?<![能可要是好会么们家])(?:不|别|先不|暂时不|还是不)(?:想|要|用|再|打算|准备)*"
    r"(?:取消|退货?|退款|换货?|改)(?:订单|地址|它)?(?:了|啦)[吧啊呀]?$"
    r"|^(?:算了[吧，,\s]*)?(?:请|先|千万|麻烦)*(?:别|不要|不用|先不要?)"
    r"(?:给我|帮我|把?我的?|再|着急)*(?:取消|退货|退款|换货)",
    re.IGNORECASE,
)

# Why something is sent back: what is wrong with it, or a clause that gives a cause.
_FAULT = re.compile(
    r"\b(?:too\s(?:small|big|large|long|short|tight|loose|wide|narrow|heavy|dark|light)"
    r"|(?:does|do|did)(?:n['’]?t|\snot)\s(?:fit|work|match|suit|like|need|turn|start)"
    r"|(?:is|are|was|were|came|arrived|got|it['’]?s|a)\s(?:\w+\s){0,2}"
    r"(?:broken|damaged|faulty|defective|cracked|scratched|torn|ripped|wrong|dead)"
    r"|wrong\s(?:size|colou?r|item|product|model|one)|changed\smy\smind"
    r"|not\s(?:as\s(?:described|expected|pictured)|what\si\s(?:ordered|wanted|expected))"
    r"|no\slonger\sneed|(?:poor|bad)\squality|bought\s(?:it\s)?by\smistake)\b"
    r"|[太偏过](?:小|大|长|短|紧|松|重|厚|薄|宽|窄)|不合适|不合身|不喜欢|不想要|不需要|用不[上了]"
    r"|坏了|破了|破损|碎了|裂了|掉色|色差|起球|瑕疵|质量|有问题|买错|拍错|发错|买多|不符|不好用|不一样",
    re.IGNORECASE,
)
_CAUSE = re.compile(
    r"\b(?:because|due to|'?cause|reason is)\b[\s:,]*(?:of\s)?(?P<en>.{4,})"
    r"|(?:因为|由于|原因是|原因：)(?P<zh>.{2,})",
    re.IGNORECASE | re.DOTALL,
)


# Longer than any number with a few words around it, in characters.
MAX_NUMBER_ANSWER = 80


def bare(text: str) -> str:
    """A text without case, and without what stands around it."""
    return text.casefold().strip(" .!,。！，~")


def withdraws(text: str) -> bool:
    """Whether somebody takes a wish back: "算了不取消了"."""
    return bool(_TAKES_BACK.search(bare(text)))


def find_reason(text: str) -> str | None:
    """Why something is sent back, if a wish says so: the cause, else all of it."""
    if found := _CAUSE.search(text):
        return (found["en"] or found["zh"]).strip(" .,;，。；")
    return text.strip() if _FAULT.search(text) else None


def is_just_a_number(text: str) -> bool:
    """Whether a text is an order number with at most a few words around it."""
    if len(text) > MAX_NUMBER_ANSWER or not any(c.isdigit() for c in text):
        return False
    words = re.findall(r"[^\W\d_]{2,}", re.sub(r"[\w-]*\d[\w-]*", " ", text))
    return sum(len(word) if word[0] >= "\u4e00" else 2 for word in words) <= 6
