"""Whether the models of an experiment read the language of its data.

A model that does not know a script still answers, and an embedder still ranks: only the numbers are bad, and nothing
says why. Scripts are told by the Unicode names of letters; languages written in the same script are told by what the
dataset says of itself alone.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable

from assay.experiment import Configuration, Experiment
from pipelines.generation.models.embedded import EmbeddedLanguageModel
from pipelines.records import Dataset
from pipelines.registry import nested
from pipelines.retrieval.embedders.embedded import NAME, EmbeddedConfig

FOREIGN = 0.2
"""Share of letters in other scripts from which on a warning is due."""
NAMED = 3
"""Scripts that a warning names, the commonest first."""
LATIN = "Latin"
ENGLISH_MODELS = {EmbeddedLanguageModel: "SmolLM2-135M-Instruct", EmbeddedConfig: NAME.rpartition("/")[2]}
"""Models that install with Assay and read English, by config."""


def language_warnings(experiment: Experiment, dataset: Dataset) -> tuple[str, ...]:
    """One line where the dataset's language is not that of the embedded models in use; where it says English, one line
    each for documents and questions of whose letters more than ``FOREIGN`` are not Latin."""
    models = _english_models(experiment)
    readers = " and ".join(models)
    if dataset.language != "en":
        if not models:
            return ()
        reads = "reads" if len(models) == 1 else "read"
        return (f"the dataset's language is {dataset.language!r}, {readers} {reads} English: name models that know it",)
    texts = {
        "documents": (document.text for document in dataset.documents),
        "questions": (question.text for question in dataset.questions),
    }
    advice = "set the dataset's language" + (f", and name other models than {readers}" if models else "")
    return tuple(
        f"{described} in the {name}, whose language is said to be 'en': {advice}"
        for name, of in texts.items()
        if (described := _foreign(scripts(of)))
    )


def scripts(texts: Iterable[str]) -> Counter[str]:
    """How many letters of the texts belong to each script, named as Unicode does: Latin, Cyrillic, Arabic, Han."""
    characters: Counter[str] = Counter()
    for text in texts:
        characters.update(text)
    found: Counter[str] = Counter()
    for character, count in characters.items():
        if character.isalpha():
            found[_script(character)] += count
    return found


def _script(letter: str) -> str:
    """The first word of its name; full-width and mathematical letters count as those they stand for."""
    plain = next((one for one in unicodedata.normalize("NFKC", letter) if one.isalpha()), letter)
    name = unicodedata.name(plain, "unnamed").partition(" ")[0]
    return "Han" if name == "CJK" else name.capitalize()


def _foreign(found: Counter[str]) -> str:
    """What there is beside Latin, with its share of all letters; empty where it is ``FOREIGN`` or less."""
    total = found.total()
    others = [(name, count) for name, count in found.most_common() if name != LATIN]
    share = sum(count for _, count in others) / total if total else 0.0
    if share <= FOREIGN:
        return ""
    named = ", ".join(f"{name} {count / total:.0%}" for name, count in others[:NAMED])
    rest = f" and {len(others) - NAMED} more" if len(others) > NAMED else ""
    return f"{share:.0%} of the letters are not Latin ({named}{rest})"


def _english_models(experiment: Experiment) -> list[str]:
    """The embedded models that the configurations use, by name."""
    used = {type(one) for configuration in experiment.configurations for one in _stages(experiment, configuration)}
    return [name for config, name in ENGLISH_MODELS.items() if config in used]


def _stages(experiment: Experiment, configuration: Configuration) -> Iterable[object]:
    yield configuration.llm or experiment.llm
    yield from nested(configuration)
