"""Addresses as people write them."""

import re

# "10115 Berlin", "SW1A 1AA London": the code comes first or last in its part.
_CODE_FIRST = re.compile(r"(?P<postcode>\d{4,6}) +(?P<city>[^\d]{2,60})")
_CODE_LAST = re.compile(
    r"(?P<city>[^\d]{2,60}?) +(?P<postcode>\d{4,6}|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})"
)


def read_address(text: str) -> dict[str, str]:
    """Split free text into line1, line2, city and postcode without losing a word.

    Lines, else commas, separate the parts. City and postcode are only told apart
    where they stand together in a part of their own; all else goes to the lines.
    """
    parts = [part.strip() for part in text.splitlines() if part.strip()]
    if len(parts) == 1:
        parts = [
            part.strip() for part in re.split(r"[,;\uff0c\uff1b]", text) if part.strip()
        ]
    found: dict[str, str] = {}
    for n in range(len(parts) - 1, 0, -1):
        match = _CODE_FIRST.fullmatch(parts[n]) or _CODE_LAST.fullmatch(parts[n])
        if match:
            found = match.groupdict()
            del parts[n]
            break
    address = {"line1": parts[0] if parts else text.strip()}
    if len(parts) > 1:
        address["line2"] = ", ".join(parts[1:])
    return address | found
