"""What personal data looks like where its form gives it away."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Form:
    """One way that one kind of data is written.

    Attributes:
        kind: what it is.
        regex: its form; the group `data`, where there is one, is what is masked.
    """

    kind: str
    regex: str


# Han characters count as word characters, so that \b does not end a number before one.
_BEGIN = r"(?<![0-9A-Za-z])"
_END = r"(?![0-9A-Za-z])"
_HAN_NUMBER = r"[0-9０-９一二三四五六七八九十百零〇]+"
_STREET = (
    r"(?:street|st|road|rd|lane|ln|avenue|ave|drive|dr|close|court|ct|way|place|pl"
    r"|square|sq|terrace|crescent|boulevard|blvd|gardens|grove|hill|row|mews)"
)
# The commonest hundred family names cover more than four fifths of all people.
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶"
    "程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛"
    "郝顾龚邵万覃武钱戴严莫孔向常汤"
)
_DOUBLE_SURNAMES = "欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐"
_NAME = rf"(?:(?:{_DOUBLE_SURNAMES})|[{_SURNAMES}])[一-鿿]{{1,2}}"
_CALLED = "我叫|我的名字是|我名字叫|本人叫|姓名|收件人|收货人|联系人|名字是|叫做"
# What may follow a name, so that its last character is not taken from it.
_AFTER_NAME = r"(?=$|[^一-鿿]|的|是|在|电|手|地|住|我|请|想|要|，|收)"
# A character that is more likely a part of an address than of the words before it.
_PART = r"(?![寄到是在址我的送改成换为至去往给从请把将了叫住])[一-鿿]"
_DIVISION = "省|市|自治区|区|县|镇|乡|村"
_PLACE = "路|街|大道|巷|弄|胡同|里|小区|花园|大厦|广场|公寓|新村|苑"
_DOOR = "号楼|号院|号|栋|幢|座|单元|楼|层|室|户"

FORMS = (
    Form("URL", r"https?://[^\s一-鿿，。]+|\bwww\.[^\s一-鿿，。]+"),
    Form("EMAIL", r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"),
    Form(
        "CARD", rf"{_BEGIN}[0-9]{{4}}(?:[ -]?[0-9]{{4}}){{2,3}}[ -]?[0-9]{{0,3}}{_END}"
    ),
    Form("IBAN", rf"{_BEGIN}[A-Z]{{2}}[0-9]{{2}}(?: ?[A-Z0-9]{{4}}){{3,7}}{_END}"),
    Form("IDENTITY", rf"{_BEGIN}[1-9][0-9]{{16}}[0-9Xx]{_END}"),
    Form(
        "PHONE", rf"(?<![0-9])(?:\+?86[- ]?)?1[3-9][0-9](?:[- ]?[0-9]{{4}}){{2}}{_END}"
    ),
    Form("PHONE", r"(?<![0-9])0[0-9]{2,3}-[0-9]{7,8}(?![0-9])"),
    Form("PHONE", r"\+[0-9][0-9 ()./-]{6,18}[0-9]"),
    Form("ADDRESS", rf"(?i)\b[0-9]{{1,5}}[a-z]?,? (?:[a-z']+ ){{1,3}}{_STREET}\b\.?"),
    # A British postcode; an American one is a number like others.
    Form("POSTCODE", r"\b[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}\b"),
    Form(
        "ADDRESS",
        rf"(?:(?:{_PART}){{2,7}}?(?:{_DIVISION})){{0,4}}(?:{_PART}){{1,6}}?(?:{_PLACE})"
        rf"(?:{_HAN_NUMBER}(?:{_DOOR}))+(?:{_HAN_NUMBER}(?:{_DOOR})?)*",
    ),
    Form("ADDRESS", rf"(?:{_HAN_NUMBER}(?:号楼|栋|幢|座|单元)){{1,3}}{_HAN_NUMBER}室?"),
    Form("NAME", rf"(?:{_CALLED})[是为:：\s]{{0,2}}(?P<data>{_NAME}){_AFTER_NAME}"),
    Form("NAME", rf"(?P<data>[{_SURNAMES}][一-鿿]{{0,2}})(?=先生|女士|小姐|太太)"),
    Form(
        "NAME",
        r"(?i)\b(?:my name is|my name's|i am called|name:)\s+"
        r"(?P<data>[a-z][a-z'-]+(?:\s+[A-Z][a-zA-Z'-]+)?)(?=\s*(?:[.,;!?]|$|and\b))",
    ),
    # Numbers of orders, tickets and the like: what they are stays, which one does not.
    Form("NUMBER", rf"(?i){_BEGIN}(?:DM|RET|INV|[TCRFSPK])[-_ #]?[0-9]{{3,}}{_END}"),
    Form("NUMBER", r"(?<![0-9.,])[0-9]{5,}(?![0-9])"),
)
