"""What counts as one emoji in a reaction."""

import re
import unicodedata

from .limits import EMOJI_MAX

# Unicode Technical Standard 51, section 1.4.9, over the blocks that hold emoji: flags, keycaps, and joined
# sequences of a base with an optional presentation selector, skin tone or tag sequence.
_BASE = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9\u21aa\u231a\u231b\u2328\u23cf\u23e9-\u23f3\u23f8-\u23fa"
    "\u24c2\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u27bf\u2934\u2935\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001f1e5\U0001f200-\U0001f3fa\U0001f400-\U0001faff]"
)
_ELEMENT = f"{_BASE}(?:[\ufe0f\U0001f3fb-\U0001f3ff]\ufe0f?)?(?:[\U000e0020-\U000e007e]+\U000e007f)?"
_EMOJI = re.compile(
    f"(?:[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3|{_ELEMENT}(?:\u200d{_ELEMENT})*)",
)


def is_emoji(text: str) -> bool:
    """Whether `text` is exactly one emoji, and short enough to be stored."""
    return len(text) <= EMOJI_MAX and _EMOJI.fullmatch(text) is not None


# The ones on offer; any other emoji may be sent through the API.
OFFERED = {
    "👍": "Thumbs up", "👎": "Thumbs down", "👀": "Eyes", "🎯": "On target", "🔧": "Wrench", "🎉": "Celebration", "❤️": "Heart",
    "🤔": "Thinking", "✅": "Done", "❌": "Cross", "🔥": "Fire", "🪫": "Low battery",
}  # fmt: skip


def emoji_name(emoji: str) -> str:
    """What a screen reader says of it: our word, or Unicode's."""
    return OFFERED.get(emoji) or unicodedata.name(emoji[0], "emoji").capitalize()
