"""How far a text holds an answer: the share of the answer's content words that stand in it.

This is K-Precision (Adlakha et al. 2023, "Evaluating Correctness and Faithfulness of Instruction-Following Models for
Question Answering") over distinct words without function words. It sees words only: an answer whose words stand in
the text in another connection counts as held, a paraphrase does not.
"""

import re
import unicodedata

_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")
_WORD = re.compile(r"[぀-ヿ㐀-鿿]|[^\W_぀-ヿ㐀-鿿]+")
"""A run of letters and digits; a character of Chinese or Japanese, which put no spaces between words."""

_FUNCTION_WORDS = frozenset(
    re.findall(
        r"\w+",
        """a an and are as at be been but by did do does for from had has have he her his i in is it its of on or our
        she so that the their them there these they this those to was we were which who will with you your""",
    )
)


def content_words(text: str) -> frozenset[str]:
    """The distinct words of a text in lower case, without English function words; 1,200 is 1200, and a plural is its
    singular where only an s is added. Other languages keep all words."""
    plain = _THOUSANDS.sub("", unicodedata.normalize("NFKC", text).casefold())
    return frozenset(_singular(word) for word in _WORD.findall(plain) if word not in _FUNCTION_WORDS)


def support(answer: str, text: str) -> float | None:
    """Share in [0, 1] of the answer's content words that are words of ``text``; None for an answer without any."""
    words = content_words(answer)
    return len(words & content_words(text)) / len(words) if words else None


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
