"""What a text is about, found without a model: names, codes, quoted terms and rare words.

Language-light: it needs no tagger, but leans on capital letters for names. In German, which capitalises nouns, every
noun is a name; in scripts without case only codes, quoted terms and rare words are found. Words are runs of letters
and digits, so scripts without spaces between words are served badly.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

_WORD = re.compile(r"\w+(?:[-.&/'’](?!s\b)\w+)*")
_QUOTED = re.compile(r"[\"“„«]([^\"“”„«»\n]{2,60})[\"”“»]|``([^`'\n]{2,60})''")
_SENTENCE_END = re.compile(r"[.!?:;\"“”„«»`(\n]\s*$")
_PARTICLES = frozenset(
    ["of", "the", "de", "la", "le", "du", "des", "der", "den", "von", "van", "di", "da", "del", "el", "al", "bin", "y"]
)
"""May stand inside a name in lower case."""
_FREQUENT = 0.1
_ENOUGH = 100
_SHORTEST_RARE = 4
_LONGEST = 8
"""Words of the longest name."""


def normal(words: Iterable[str]) -> str:
    """The form in which entities are compared."""
    return " ".join(word.casefold() for word in words)


def words_of(text: str) -> list[str]:
    """The words of a text, as written."""
    return _WORD.findall(text)


@dataclass(frozen=True)
class Extractor:
    """An extraction fitted to a corpus by ``fit``; its fields are words in lower case."""

    function: frozenset[str]
    """Words that are never entities and end a name."""
    small: frozenset[str]
    """Words that the corpus mostly writes small: alone at the opening of a sentence they are no names."""
    rare: frozenset[str]
    """Words that are entities in lower case, too."""

    def __call__(self, text: str) -> list[str]:
        """The entities of ``text``, each once, in normal form: quoted terms, names, codes, rare words."""
        quoted = (normal(words_of(one or other)) for one, other in _QUOTED.findall(text))
        names = (normal(name) for name in self._names(text))
        words = [word.casefold() for word in words_of(text)]
        codes = (word for word in words if _is_code(word))
        found = (*quoted, *names, *codes, *(word for word in words if word in self.rare))
        return [name for name in dict.fromkeys(found) if name and name not in self.function]

    def _names(self, text: str) -> Iterator[list[str]]:
        """Runs of capitalised words, particles and numbers between them included."""
        name: list[str] = []
        end, doubtful = 0, False
        for match in _WORD.finditer(text):
            word, key = match.group(), match.group().casefold()
            joined = text[end : match.start()] == " " and len(name) < _LONGEST
            end = match.end()
            capitalised = word[0].isupper() and key not in self.function
            if name and joined and (capitalised or (key in _PARTICLES and word.islower()) or word[0].isdigit()):
                name.append(word)
                continue
            yield from _whole(name, doubtful)
            name = [word] if capitalised else []
            doubtful = capitalised and key in self.small and _opens_sentence(text, match.start())
        yield from _whole(name, doubtful)


def fit(texts: Sequence[str], stop_words: Collection[str], rare: float) -> Extractor:
    """The extraction for the passages ``texts``.

    Function words are ``stop_words`` and, from a hundred texts on, what stands in more than a tenth of them; not those
    that are mostly capitalised ("new" where it is New York). Rare words have four letters or more, stand in lower case
    somewhere, and in at least two texts and at most the share ``rare`` of them.
    """
    small, capital, documents = Counter[str](), Counter[str](), Counter[str]()
    for text in texts:
        seen = set()
        for match in _WORD.finditer(text):
            word, key = match.group(), match.group().casefold()
            seen.add(key)
            if word[0].islower():
                small[key] += 1
            elif not _opens_sentence(text, match.start()):
                capital[key] += 1
        documents.update(seen)
    often = documents if len(texts) >= _ENOUGH else Counter[str]()
    function = {*stop_words, *(word for word, count in often.items() if count > _FREQUENT * len(texts))}
    function -= {word for word, count in capital.items() if count > small[word]}
    few = (word for word, count in documents.items() if 2 <= count <= rare * len(texts))
    rare_words = {word for word in few if len(word) >= _SHORTEST_RARE and word.isalpha()}
    return Extractor(
        frozenset(function),
        frozenset(word for word, count in small.items() if count > capital[word]),
        frozenset(word for word in rare_words - function if small[word] or word.upper() == word.lower()),
    )


def _whole(name: list[str], doubtful: bool) -> Iterator[list[str]]:
    """The name without particles at its end, unless it is a letter or one word that is doubtful."""
    while name and name[-1] in _PARTICLES:
        name = name[:-1]
    if len(name) > 1 or (name and len(name[0]) > 1 and not doubtful):
        yield name


def _is_code(word: str) -> bool:
    """A part number, a standard, a year: digits with letters, or four of them and more."""
    return any(character.isdigit() for character in word) and (len(word) >= _SHORTEST_RARE or not word.isdigit())


def _opens_sentence(text: str, start: int) -> bool:
    return start == 0 or bool(_SENTENCE_END.search(text, max(0, start - 3), start))
