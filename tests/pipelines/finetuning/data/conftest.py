"""Sources for training data: three documents, four train questions, a model that replies as the test says."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from pipelines.finetuning.data import Sources, TrainingSet, training_data
from pipelines.pre_retrieval.chunking import chunkers
from pipelines.records import Answer, Chunk, Document, Hits, Prompt, Question, Span
from pipelines.tools import Passages, Tools

TEXTS = {
    "kestrel": "# Kestrel\n\nThe kestrel pump is green.\n\nWeight: 12 kg\n\nIt was made by hand.",
    "orison": "# Orison\n\nThe orison pump is blue.\n\nWeight: 14 kg\n\nIt was made by a machine.",
    "sable": "# Sable\n\nThe sable pump is red.\n\nWeight: 9 kg\n\nIt was made by nobody.",
}
DOCUMENTS = {name: Document(name, text, name.title()) for name, text in TEXTS.items()}
COLOURS = {"kestrel": "green", "orison": "blue", "sable": "red"}


def question(pump: str) -> Question:
    start = TEXTS[pump].index("The ")
    span = Span(pump, start, TEXTS[pump].index(".") + 1)
    return Question(pump, f"Which colour has the {pump} pump?", (COLOURS[pump],), "train", (span,))


PAIR = Chunk("train:kestrel", "train:kestrel", 0, 5, "The kestrel pump? green", "The kestrel pump?")
"""A training pair that is indexed beside the documents."""

Make = Callable[..., TrainingSet]


@pytest.fixture
def make(fake_model: Any) -> Make:
    """Builds a kind from its options and runs it; ``reply`` maps a prompt to what the model says, ``found`` a question
    to the ids of the passages that search finds for it."""

    def run(
        options: Any,
        questions: Sequence[Question] = tuple(map(question, TEXTS)),
        *,
        reply: Callable[[str], str] = lambda text: "",
        found: Callable[[str], Sequence[str]] | None = None,
        context: Any = None,
        seed: int = 0,
    ) -> TrainingSet:
        def complete(prompts: Sequence[Prompt], most: int) -> list[Answer]:
            return [Answer(reply(prompt.text), 1, 1) for prompt in prompts]

        def search(texts: Sequence[str], depth: int) -> list[Hits]:
            assert found is not None
            ids = [tuple(found(text))[:depth] for text in texts]
            return [Hits(one, tuple(-float(place) for place in range(len(one)))) for one in ids]

        chunks = chunkers.build(chunkers.parse({"kind": "recursive", "size": 30}))(list(DOCUMENTS.values()))
        chunks.append(PAIR)
        tools = Tools(fake_model, complete, Passages(chunks, DOCUMENTS))
        sources = Sources(questions, DOCUMENTS, tools, seed, search if found else None)
        return training_data.build(training_data.parse(options, context))(sources)

    return run
