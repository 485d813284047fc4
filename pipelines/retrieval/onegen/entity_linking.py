"""Linking entities: the model writes the names that a text mentions, and the state at each [LK] finds the entity.

Reads JSON lines as KORE50 is published in (Hoffart et al. 2012, "KORE: keyphrase overlap relatedness for entity
disambiguation"): ``text`` and ``labels``, each with a ``span`` of characters, an ``entity_id`` and a ``name``.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import UserError
from pipelines.retrieval.onegen.encoder import unit
from pipelines.retrieval.onegen.engine import Engine
from pipelines.retrieval.onegen.lessons import Lesson
from pipelines.retrieval.onegen.sequences import Tokens, document, linked, mentioning
from pipelines.retrieval.onegen.states import hidden_states
from pipelines.retrieval.onegen.vocabulary import Vocabulary

_UNLINKED = "<NO_MAPPING>"


@dataclass(frozen=True)
class Text:
    """A text with the names it mentions and the entities they stand for, in reading order."""

    id: str
    text: str
    mentions: tuple[str, ...]
    entities: tuple[str, ...]


def read_texts(path: Path) -> tuple[list[Text], dict[str, str]]:
    """The texts of a file, and the name of every entity by its id. Mentions without an entity are left out. Raises
    ``UserError`` naming the line that is not as it should be."""
    texts, names = list[Text](), dict[str, str]()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            labels = sorted(
                (one for one in row["labels"] if one["entity_id"] != _UNLINKED), key=lambda one: one["span"]
            )
            names |= {one["entity_id"]: one["name"] for one in labels}
            mentions = tuple(row["text"][slice(*one["span"])] for one in labels)
            texts.append(Text(str(row["id"]), row["text"], mentions, tuple(one["entity_id"] for one in labels)))
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise UserError(f"{path}, line {number}: no text with labelled mentions ({error!r})") from error
    return texts, names


def linking_lessons(
    texts: Sequence[Text], vocabulary: Vocabulary, hard: Mapping[str, Sequence[str]] | None = None
) -> list[Lesson]:
    """A lesson for each text that mentions an entity; ``hard`` are entities of like names, by text id."""

    def lesson(text: Text) -> Lesson:
        return Lesson(
            f"text {text.id}",
            tuple((entity,) for entity in text.entities),
            tuple((hard or {}).get(text.id, ())),
            lambda found: linked(vocabulary, text.text, text.mentions),
        )

    return [lesson(text) for text in texts if text.entities]


def entity(vocabulary: Vocabulary, description: str, longest: int) -> Tokens:
    """An entity's description with [SE] at its end."""
    return document(vocabulary, description, longest, vocabulary.roles.entity)


def entity_search(engine: Engine, descriptions: Mapping[str, str], longest: int) -> Callable[[Any], str]:
    """From the state at a [LK], [width], to the id of the entity whose [SE] points its way. ``descriptions`` are by
    id."""
    import torch

    rows = [entity(engine.vocabulary, text, longest) for text in descriptions.values()]
    with torch.inference_mode():
        states = hidden_states(engine.network.get_decoder(), [row.ids for row in rows])
        vectors = unit(torch.stack([state[-1] for state in states]))
    names = list(descriptions)
    return lambda state: names[int((vectors @ unit(state[None])[0]).argmax())]


def link(
    engine: Engine, text: str, find: Callable[[Any], str], *, most: int = 20, max_new_tokens: int = 128
) -> list[tuple[str, str]]:
    """The names that the model finds in a text, at most ``most``, each with the id of its entity, in one pass."""
    vocabulary, found = engine.vocabulary, list[str]()

    def seek(state: Any, room: int) -> list[int]:
        found.append(find(state))
        return [vocabulary.roles.proceed]

    given = mentioning(vocabulary, text)
    written = engine.write(given, vocabulary.roles.mention, seek, searches=most, max_new_tokens=max_new_tokens)
    return [(vocabulary.decode(part), name) for part, name in zip(written.parts, found, strict=False)]
