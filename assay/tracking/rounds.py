"""Rounds of preference tuning in the tracking store: one parent run, one nested run a round."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from assay.fingerprint import fingerprint
from assay.loading import as_yaml
from assay.rounds_state import Round, Rounds
from assay.tracking.backend import opened
from assay.tracking.privacy import Privacy, privacy
from assay.tracking.runs import COMPLETE, EXPERIMENT, finished_run, mlflow_experiment
from assay.tracking.values import named, numbers, text
from assay.tracking.writing import Record, create, dataset_input, fill

if TYPE_CHECKING:
    from assay.stages import Stages


def log_rounds(rounds: Rounds, stages: "Stages", *, uri: str) -> str:
    """Log all rounds; gives the id of the parent run. The same rounds are logged once, further rounds of the same
    configuration as another parent. Raises ``UserError`` where the store cannot be opened."""
    from assay.rounds_table import rounds_markdown
    from assay.runner import describe

    guard = privacy(os.environ, as_yaml(stages.experiment), working=Path.cwd(), home=Path.home())
    dataset = dataset_input(describe(stages.dataset, stages.dataset_fingerprint), guard)
    parent, children = _parent(rounds, guard), [_child(rounds, one, guard) for one in rounds.rounds]
    with opened(uri) as backend:
        client = backend.client
        experiment_id = mlflow_experiment(backend, f"{rounds.name}-{rounds.configuration}-rounds")
        found: str | None = finished_run(client, experiment_id, parent.tags[EXPERIMENT])
        if found is not None:
            return found
        now = int(time.time() * 1000)
        run_id = create(client, experiment_id, parent, now)
        for record in children:
            child = create(client, experiment_id, record, now, parent=run_id)
            fill(client, child, record, now, [dataset])
            client.set_terminated(child, end_time=now)
        fill(client, run_id, parent, now, [dataset])
        client.log_text(run_id, guard.text(rounds.model_dump_json(indent=1)), "rounds.json")
        client.log_text(run_id, guard.text(rounds_markdown(rounds)), "rounds.md")
        client.set_terminated(run_id, end_time=now)
        client.set_tag(run_id, COMPLETE, "true")
    return run_id


def _parent(rounds: Rounds, guard: Privacy) -> Record:
    from assay.rounds_table import on_test

    fixed = {"configuration": rounds.configuration, "metric": rounds.metric, "prompt": rounds.prompt}
    parameters = {**fixed, "gate": rounds.gate, "rounds": text(len(rounds.rounds))}
    found = [("kept", float(rounds.kept)), *numbers(rounds.test, "test")]
    tags = {"mlflow.note.content": on_test(rounds), COMPLETE: "false", EXPERIMENT: fingerprint(rounds)}
    return Record(f"{rounds.configuration} rounds", guard.mapping(tags), guard.mapping(parameters), named(found))


def _child(rounds: Rounds, one: Round, guard: Privacy) -> Record:
    parameters = {"round": text(one.number), "from": text(one.start), "feedback": one.feedback, "kept": text(one.kept)}
    found = [("pairs", float(one.pairs))]
    for name, part in (("dev", one.dev), ("forgetting", one.forgetting), ("spent", one.spent)):
        found += numbers(part, name)
    tags = {"assay.because": one.because, "assay.adapter": one.adapter}
    return Record(f"round {one.number}", guard.mapping(tags), guard.mapping(parameters), named(found))
