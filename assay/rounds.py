"""Continual rounds: draw answers, collect feedback, tune, evaluate on dev, keep or roll back, and again.

A round begins from the adapter that was kept last. It is rolled back where it is shown worse, on dev or outside the
domain. Every step is in the store and every finished round on disk, so what was killed goes on where it stopped.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from assay.experiment import Configuration, Experiment
from assay.fingerprint import fingerprint
from assay.preferences import Preferences
from assay.preflight import preflight
from assay.progress import Progress
from assay.round_comparison import Version, against, outside_domain
from assay.round_stages import alone, folder_of, stored, tunable
from assay.rounds_state import Against, Gate, Round, Rounds, read_rounds, write_rounds
from assay.runner import RUNS, STORE
from assay.selection import select
from assay.stages import Stages
from assay.store import Store
from assay.tuning import give_back_memory
from assay.variants import changed
from eval.economics.prices import load_price_book
from pipelines.errors import UserError
from pipelines.finetuning.preference import PreferenceConfig

SPENT = ("preference_seconds", "seconds", "tokens", "reviewer_minutes")
GENERATION = ("generation_seconds", "generation_prompt_tokens", "generation_output_tokens")


@dataclass(frozen=True)
class Finished:
    """The rounds, and the folder that holds rounds.json and rounds.md."""

    rounds: Rounds
    folder: Path


def run_rounds(
    experiment: Experiment,
    name: str,
    number: int,
    *,
    gate: Gate = "not_worse",
    store: Path = STORE,
    runs: Path = RUNS,
    console: Console | None = None,
    tracking: bool = True,
) -> Finished:
    """Go on until there are ``number`` rounds of configuration ``name``, then ask test once: what was kept against
    round 0, the supervised adapter. Raises ``UserError`` for what the user can mend."""
    from assay.rounds_table import rounds_markdown
    from assay.tracking.rounds import log_rounds

    full = tunable(experiment, name)
    folder = folder_of(experiment, name, runs)
    progress = Progress(console)
    with progress.shown():
        stages = alone(experiment, full, Store(store), progress)
        book = experiment.economics.price_book
        with progress.step("checks"):
            preflight(stages, load_price_book(Path(book) if book else None), (store, folder))
        loop = Loop.open(stages, full, gate, folder)
        while len(loop.rounds.rounds) < number:
            loop = loop.next_round()
        loop = loop.test()
        rounds = loop.rounds
        (folder / "rounds.md").write_text(rounds_markdown(rounds), encoding="utf-8")
        if tracking:
            with progress.step("MLflow"):
                log_rounds(rounds, stages, uri=f"sqlite:///{runs}/mlflow.db")
    return Finished(rounds, folder)


@dataclass(frozen=True)
class Loop:
    """The rounds so far and the version that was kept last."""

    stages: Stages
    full: Configuration
    folder: Path
    rounds: Rounds
    current: Version

    @classmethod
    def open(cls, stages: Stages, full: Configuration, gate: Gate, folder: Path) -> "Loop":
        """Begin with the supervised adapter, or go on from what the folder holds."""
        (base,) = stages.experiment.configurations
        first = stages.adapter(base, 0)
        assert first is not None
        template = select(stages).templates[base.id]
        version = Version(base, first, template)
        known, key = read_rounds(folder), _key(stages, full, gate, template.name)
        if known is None:
            experiment = stages.experiment
            known = Rounds(
                name=experiment.name,
                configuration=full.id,
                fingerprint=key,
                metric=experiment.primary_metric,
                prompt=template.name,
                gate=gate,
                first=first.fingerprint,
            )
        elif known.fingerprint != key:
            raise UserError(
                f"{folder / 'rounds.json'}: begun with other data, model, settings or gate (only feedback may change "
                "between rounds); move the folder away to begin anew"
            )
        else:
            version = _at(stages, full, known, version)
        return cls(stages, full, folder, known, version)

    def next_round(self) -> "Loop":
        """One more round, written to the disk."""
        number = len(self.rounds.rounds) + 1
        one = changed(self.full, id=f"round-{number}")
        config = one.preference
        assert isinstance(config, PreferenceConfig)
        tuning, stream = Preferences(self.stages), f"round {number}"
        judged = tuning.pairs(one, tuning.start(0, self.current.adapter, stream))
        pairs = int(judged.quantities["pairs"])
        known = {"number": number, "start": self.rounds.kept, "feedback": config.feedback.kind, "pairs": pairs}
        if not pairs:
            why = "rolled back: every question ties, so there is nothing to learn"
            return self._with(Round(kept=False, because=why, **known), None)
        entry = tuning.adapter(one, 0, self.current.adapter, stream=stream)
        candidate = Version(one, entry, self.current.template)
        dev = against(self.stages, candidate, self.current, self.stages.dataset.split("dev"), "dev")
        general = outside_domain(self.stages, candidate, self.current)
        kept, why = decide(self.rounds.gate, dev, general)
        self.stages.models.clear()  # each keeps its weights merged with every adapter that was asked
        give_back_memory()
        found = Round(
            kept=kept,
            because=why,
            adapter=entry.fingerprint,
            dev=dev,
            forgetting=general,
            spent=_spent(entry.quantities),
            **known,
        )
        return self._with(found, candidate)

    def test(self) -> "Loop":
        """Ask test of what was kept and of round 0; once, unless another round has been kept since."""
        kept = self.rounds.kept
        if kept == 0 or self.rounds.tested == kept:
            return self
        (base,) = self.stages.experiment.configurations
        first = Version(base, stored(self.stages, self.rounds.first, "round 0"), self.current.template)
        found = against(self.stages, self.current, first, self.stages.dataset.split("test"), "test")
        update = {"test": found, "tested": kept, "tests": self.rounds.tests + 1}
        rounds = self.rounds.model_copy(update=update)
        write_rounds(rounds, self.folder)
        return replace(self, rounds=rounds)

    def _with(self, found: Round, candidate: Version | None) -> "Loop":
        rounds = self.rounds.model_copy(update={"rounds": (*self.rounds.rounds, found)})
        write_rounds(rounds, self.folder)
        return replace(self, rounds=rounds, current=candidate if found.kept and candidate else self.current)


def decide(gate: Gate, dev: Against, general: Against | None) -> tuple[bool, str]:
    """Whether a round is kept, and why. Each of the two tests stands by itself at 95 %, so the gate errs on the side of
    rolling back."""
    places = {"dev": dev, "outside the domain": general}
    if worse := [place for place, one in places.items() if one is not None and one.verdict == "worse"]:
        return False, f"rolled back: shown worse {_in(worse[0])}"
    if gate == "better" and dev.verdict != "better":
        return False, f"rolled back: not shown better on dev ({dev.verdict})"
    outside = f", {general.verdict} outside the domain" if general else ""
    return True, f"kept: {dev.verdict} on dev{outside}"


def _in(place: str) -> str:
    return f"on {place}" if place == "dev" else place


def _at(stages: Stages, full: Configuration, known: Rounds, first: Version) -> Version:
    """The version that was kept last."""
    if not known.kept:
        return first
    name = f"round-{known.kept}"
    return Version(changed(full, id=name), stored(stages, known.adapter, name), first.template)


def _key(stages: Stages, full: Configuration, gate: Gate, prompt: str) -> str:
    """Of everything but the feedback, which people may add to between rounds."""
    config = full.preference
    assert config is not None
    fields = (full.model_dump(exclude={"id", "preference"}), config.model_dump(exclude={"feedback"}))
    experiment = stages.experiment
    asked = [experiment.primary_metric, experiment.max_new_tokens, experiment.margin, experiment.forgetting, prompt]
    return fingerprint(fields, gate, asked, experiment.seed, stages.model(full).identity, stages.dataset_fingerprint)


def _spent(quantities: Mapping[str, float]) -> dict[str, float]:
    return {name: quantities[name] for name in (*SPENT, *GENERATION)}
