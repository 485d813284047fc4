"""OneGen as an entity linker on KORE50 (Hoffart et al. 2012): 50 sentences whose names mislead.

    python benchmarks/onegen_linking.py [--folds 5] [--seeds 3] [--set epochs=12]

Each fold of the sentences is linked by a model that was tuned on the others. KORE50 describes no entity, so each is
known by its name alone, and the candidates are all entities of the file. With the mentions given, the share that is
linked right, beside a match of letters and MiniLM; without them, the pairs of name and entity that the model writes by
itself. 95 % intervals over sentences; prints Markdown.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from assay.tables import markdown_table
from eval.statistics import interval
from pipelines.generation.models.embedded import EmbeddedLanguageModel, embedded
from pipelines.retrieval.embedders import embedders
from pipelines.retrieval.onegen.adapter import adapted, prepared
from pipelines.retrieval.onegen.config import OneGenConfig
from pipelines.retrieval.onegen.engine import Engine
from pipelines.retrieval.onegen.entity_linking import Text, entity, entity_search, link, linking_lessons, read_texts
from pipelines.retrieval.onegen.sequences import linked
from pipelines.retrieval.onegen.states import hidden_states
from pipelines.retrieval.onegen.training import train

KORE50 = Path(__file__).parents[2] / "shared/data/entity_linking/kore50.benchmark.jsonl"
DEFAULTS: dict[str, Any] = {"epochs": 6, "max_length": 32, "negatives": 4}
HARD = 8
"""Entities of the likest letters among which a training draws its negatives."""

Linked = list[tuple[str, str]]


def likeness(left: str, right: str) -> float:
    """Dice coefficient of the letter trigrams of two names."""
    first, second = (
        Counter(padded[at : at + 3] for at in range(len(padded) - 2))
        for padded in (f"  {name.lower()} " for name in (left, right))
    )
    return 2 * (first & second).total() / (first.total() + second.total())


def by_letters(texts: Sequence[Text], names: Mapping[str, str]) -> list[Linked]:
    """Each mention with the entity whose name is the likest."""
    return [
        [(mention, max(names, key=lambda one: likeness(mention, names[one]))) for mention in text.mentions]
        for text in texts
    ]


def by_minilm(texts: Sequence[Text], names: Mapping[str, str]) -> list[Linked]:
    """Each mention with the entity whose name is nearest to the mention and its sentence."""
    embedder = embedders.build(embedders.parse("embedded"))
    ids, vectors = list(names), embedder.embed_documents(list(names.values()))
    found = []
    for text in texts:
        rows = embedder.embed_queries([f"{mention}: {text.text}" for mention in text.mentions])
        best = (rows @ vectors.T).argmax(axis=1)
        found.append([(mention, ids[place]) for mention, place in zip(text.mentions, best, strict=True)])
    return found


def given(engine: Engine, texts: Sequence[Text], find: Callable[[Any], str]) -> list[Linked]:
    """Each labelled mention with the entity that the state behind it finds, the mentions before it standing there."""
    rows = [linked(engine.vocabulary, text.text, text.mentions) for text in texts]
    states = hidden_states(engine.network.get_decoder(), [row.ids for row in rows])
    return [
        [(mention, find(state[at])) for mention, at in zip(text.mentions, row.vectors, strict=True)]
        for text, row, state in zip(texts, rows, states, strict=True)
    ]


def tuned(
    texts: Sequence[Text], names: Mapping[str, str], config: OneGenConfig, seed: int
) -> Callable[[Sequence[Text]], tuple[list[Linked], list[Linked]]]:
    """Links texts, the mentions given and not, by a model that was tuned on ``texts``; on none it is left as it is."""
    import torch

    network, vocabulary = prepared(embedded(EmbeddedLanguageModel()))
    if texts:
        hard = {
            text.id: sorted(names, key=lambda one: -max(likeness(name, names[one]) for name in text.mentions))[:HARD]
            for text in texts
        }
        model = adapted(network, vocabulary, config, seed)
        lessons = linking_lessons(texts, vocabulary, hard)
        measured = train(
            model,
            lessons,
            lambda name: entity(vocabulary, names[name], config.max_length),
            list(names),
            config,
            seed,
            lambda *_: None,
        )
        print(f"<!-- seed {seed}: {measured['steps']:.0f} steps, {measured['training_seconds']:.0f} s -->", flush=True)
        network = model.merge_and_unload()
    engine = Engine(network, vocabulary)
    find = entity_search(engine, names, config.max_length)

    def answer(asked: Sequence[Text]) -> tuple[list[Linked], list[Linked]]:
        with torch.inference_mode():
            return given(engine, asked, find), [link(engine, text.text, find) for text in asked]

    return answer


def right(text: Text, pairs: Linked) -> int:
    """Labelled pairs of mention and entity that are among ``pairs``, each once."""
    return (Counter(zip(text.mentions, text.entities, strict=True)) & Counter(pairs)).total()


def accuracy(texts: Sequence[Text], found: Sequence[Sequence[Linked]]) -> str:
    """Share of all mentions that is linked right, with its interval over sentences; ``found`` has a row for each
    seed."""
    values = [
        [
            float(name == labelled)
            for text, pairs in zip(texts, one, strict=True)
            for (_, name), labelled in zip(pairs, text.entities, strict=True)
        ]
        for one in found
    ]
    sentences = [text.id for text in texts for _ in text.mentions]
    estimate = interval(np.array(values), sentences, seed=0)
    return f"{estimate.mean:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"


def scores(texts: Sequence[Text], found: Sequence[Sequence[Linked]]) -> list[str]:
    """Precision, recall and F1 of the pairs, over all sentences and seeds together."""
    hits = sum(right(text, pairs) for one in found for text, pairs in zip(texts, one, strict=True))
    written = sum(len(pairs) for one in found for pairs in one)
    labelled = len(found) * sum(len(text.mentions) for text in texts)
    return [f"{hits / max(1, written):.3f}", f"{hits / labelled:.3f}", f"{2 * hits / (written + labelled):.3f}"]


def _folds(
    texts: Sequence[Text], names: Mapping[str, str], config: OneGenConfig, seed: int, folds: int
) -> tuple[list[Linked], list[Linked]]:
    """Every text linked by the model that was not tuned on it, its mentions given and not."""
    mentioned, alone = dict[str, Linked](), dict[str, Linked]()
    for fold in range(folds):
        held = texts[fold::folds]
        one, other = tuned([text for text in texts if text not in held], names, config, seed)(held)
        mentioned |= zip((text.id for text in held), one, strict=True)
        alone |= zip((text.id for text in held), other, strict=True)
    return [mentioned[text.id] for text in texts], [alone[text.id] for text in texts]


def main() -> None:
    """Tune, link and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--set", nargs="*", default=[], metavar="FIELD=VALUE", help="fields of the retriever onegen")
    arguments = parser.parse_args()
    settings = {name: yaml.safe_load(value) for name, _, value in (one.partition("=") for one in arguments.set)}
    config = OneGenConfig.model_validate({**DEFAULTS, **settings})
    texts, names = read_texts(KORE50)
    texts = [text for text in texts if text.entities]
    seeds = [_folds(texts, names, config, seed, arguments.folds) for seed in range(arguments.seeds)]
    untrained = tuned([], names, config, 0)(texts)
    mentioned = {
        "letters (trigrams)": [by_letters(texts, names)],
        "MiniLM": [by_minilm(texts, names)],
        "OneGen, untrained": [untrained[0]],
        "OneGen": [one for one, _ in seeds],
    }
    alone = {"OneGen, untrained": [untrained[1]], "OneGen": [one for _, one in seeds]}
    rows = [["arm", "accuracy, mentions given", "precision", "recall", "F1"]]
    for name, found in mentioned.items():
        rows.append([name, accuracy(texts, found), *(scores(texts, alone[name]) if name in alone else [""] * 3)])
    print(f"{len(texts)} sentences, {sum(len(text.mentions) for text in texts)} mentions, {len(names)} entities.\n")
    print(markdown_table(rows))


if __name__ == "__main__":
    main()
