"""A pipeline as a folder that answers by itself: no run, no store and no dataset beside it.

    experiment.yaml   the experiment with this one configuration and its prompt
    dataset.json      the documents and the training questions, from which prompts take their worked examples
    contents.json     which store entries there are, by stage, and the training seed
    entries/...       those entries: chunks, indexes, what post-processors learnt, training data, the adapter

Dev and test questions stay out. The base language model and the embedder are not copied: a machine that serves has to
have them, under the same names.
"""

import json
import shutil
from collections import defaultdict
from pathlib import Path

from pydantic import TypeAdapter

from assay.experiment import Configuration, Economics, Experiment
from assay.loading import as_yaml, load_experiment
from assay.pipeline import Pipeline
from assay.progress import Progress
from assay.serving.experiment_file import FILE, without_secrets
from assay.serving.loading import open_stages
from assay.stages import Stages
from assay.store import Entry, Store
from assay.store.content import Make
from assay.store.entry import Corrupted, read_entry
from pipelines.errors import UserError
from pipelines.records import Dataset

_CONTENTS = "contents.json"
_DATASET = "dataset.json"
_DATASETS: TypeAdapter[Dataset] = TypeAdapter(Dataset)


class SealedStore(Store):
    """Holds the entries of one pipeline and computes none.

    Fingerprints count the machine (device, threads) and the versions of libraries, which differ where a pipeline is
    served; an entry that is not there under its fingerprint is therefore found by its stage and its place in the order
    in which a pipeline asks for entries of that stage, which its configuration alone decides.
    """

    def __init__(self, root: Path) -> None:
        """Raises ``UserError`` where ``root`` is no sealed pipeline."""
        super().__init__(root)
        try:
            contents = json.loads((root / _CONTENTS).read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise UserError(f"{error.filename}: not there; {root} is no exported pipeline") from error
        self.seed: int = contents["seed"]
        self._by_stage: dict[str, list[str]] = contents["entries"]
        self._asked: dict[str, list[str]] = defaultdict(list)

    def compute(self, fingerprint: str, stage: str, make: Make) -> Entry:
        """The entry. Raises ``UserError`` where it is missing or damaged; ``make`` is never called."""
        asked, held = self._asked[stage], self._by_stage.get(stage, [])
        if fingerprint not in asked:
            asked.append(fingerprint)
        place = asked.index(fingerprint)
        name = held[place] if place < len(held) else ""
        try:
            entry = read_entry(self._folder(name), name, self._seen, hit=True) if name else None
        except Corrupted as error:
            raise UserError(f"{self.root}: the exported pipeline's {stage} is damaged; export it again") from error
        if entry is None:
            raise UserError(f"{self.root}: the exported pipeline lacks its {stage}; export it again")
        self.hits += 1
        return entry


def seal(pipeline: Pipeline, folder: Path) -> None:
    """Write everything ``pipeline`` answers from into ``folder``, which must be empty or new. Raises ``UserError`` for
    a configuration with an intervention."""
    if pipeline.configuration.intervention is not None:
        raise UserError(
            f"{pipeline.configuration.id}: an exported pipeline cannot hold an intervention; serve the run itself "
            "(assay serve), or export a configuration without one"
        )
    folder.mkdir(parents=True, exist_ok=True)
    stages = pipeline.stages
    experiment = _alone(stages.experiment, pipeline)
    (folder / FILE).write_text(without_secrets(as_yaml(experiment)), encoding="utf-8")
    dataset = stages.dataset
    kept = Dataset(dataset.name, dataset.documents, stages.training, dataset.language, dataset.source, dataset.licence)
    (folder / _DATASET).write_bytes(_DATASETS.dump_json(kept))
    entries = _entries(pipeline)
    for entry in (entry for stage in entries.values() for entry in stage):
        # A store that finds entries by their fingerprints finds them here as well.
        shutil.copytree(entry.folder, folder / "entries" / entry.fingerprint[:2] / entry.fingerprint)
    named = {stage: [entry.fingerprint for entry in found] for stage, found in entries.items()}
    (folder / _CONTENTS).write_text(json.dumps({"seed": pipeline.seed, "entries": named}, indent=1), encoding="utf-8")


def unseal(folder: Path) -> Pipeline:
    """The pipeline in a folder that ``seal`` wrote. Raises ``UserError`` where something is missing or damaged."""
    store = SealedStore(folder)
    experiment = load_experiment(folder / FILE)
    stages = Stages(experiment, store, Progress())
    stages.dataset = _DATASETS.validate_json((folder / _DATASET).read_bytes())
    (configuration,), (template,) = experiment.configurations, experiment.prompts
    pipeline = Pipeline(stages, configuration, template, store.seed)
    open_stages(pipeline)
    return pipeline


def _alone(experiment: Experiment, pipeline: Pipeline) -> Experiment:
    """The experiment with this configuration and prompt alone, and without the folders of this machine."""
    # The adapter that goes along has learnt its preferences; without the field nothing is asked of them again.
    own = {"prompt": pipeline.template.name, "preference": None}
    configuration: Configuration = pipeline.configuration.model_copy(update=own)
    config = experiment.dataset
    files = {name: Path(value.name) for name, value in config.model_dump().items() if isinstance(value, Path)}
    alone = {"configurations": (configuration,), "prompts": (pipeline.template,), "contrasts": ()}
    return experiment.model_copy(update={**alone, "dataset": config.model_copy(update=files), "economics": Economics()})


def _entries(pipeline: Pipeline) -> dict[str, list[Entry]]:
    """Distinct entries by stage, each stage in the order in which ``open_stages`` asks for them."""
    stages, configuration = pipeline.stages, pipeline.configuration
    found: dict[str, list[Entry]] = {}
    if configuration.retrieved:
        found["chunks"] = [stages.indexing.chunks(configuration)[0]]
        found["index"] = stages.indexing.indexes(configuration)
        found["learnt"] = stages.retrieval.learnt(configuration)
    if adapter := stages.adapter(configuration, pipeline.seed):
        found["training_data"], found["adapter"] = [stages.tuning.training_set(configuration)[0]], [adapter]
    return {stage: list({one.fingerprint: one for one in entries}.values()) for stage, entries in found.items()}
