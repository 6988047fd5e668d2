"""The media type of a body, by the grammar of RFC 9110, sections 8.3.1 and 5.6.6; anything else is refused."""

import re

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_QUOTED = r'"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[^\x00-\x08\x0a-\x1f\x7f])*+"'
# Each repetition keeps what it took: no text takes longer than to read it once.
_PARAMETER = rf"[ \t]*+;[ \t]*+(?:({_WORD})=({_WORD}|{_QUOTED}))?+"
_JSON = re.compile(rf"application/json((?:{_PARAMETER})*+)", re.IGNORECASE)
_PARAMETERS = re.compile(_PARAMETER)
_UTF_8 = frozenset({"utf-8", "utf8"})


def is_json(stated: str) -> bool:
    """Tell whether a Content-Type is JSON in UTF-8, which is also what it is without a charset."""
    if stated == "application/json":
        return True
    found = _JSON.fullmatch(stated)
    return found is not None and all(
        value.strip('"').lower() in _UTF_8 for name, value in _PARAMETERS.findall(found[1]) if name.lower() == "charset"
    )
