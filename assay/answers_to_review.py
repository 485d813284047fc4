"""Answers of a configuration's current adapter to training questions, for people to compare."""

from pathlib import Path

from rich.console import Console

from assay.drawing import draw_answers, read_answers
from assay.experiment import Experiment
from assay.feedback import Answered
from assay.preferences import Preferences
from assay.progress import Progress
from assay.round_stages import alone, folder_of, stored, tunable
from assay.rounds_state import read_rounds
from assay.store import Store
from pipelines.finetuning.preference import PreferenceConfig
from pipelines.finetuning.preference.feedback import SampledConfig
from pipelines.finetuning.preference.feedback.reference import ReferenceFeedback


def answers_to_review(
    experiment: Experiment,
    name: str,
    *,
    samples: int | None = None,
    temperature: float | None = None,
    questions: int | None = None,
    store: Path,
    runs: Path,
    console: Console | None = None,
) -> list[Answered]:
    """Different answers to each training question, of the adapter that ``assay rounds`` kept last, or the supervised
    one before any round. Questions that got one answer alone are left out. What is not given is taken from the
    configuration's feedback. Raises ``UserError``."""
    full = tunable(experiment, name)
    config = full.preference
    assert isinstance(config, PreferenceConfig)
    drawing = config.feedback if isinstance(config.feedback, SampledConfig) else ReferenceFeedback()
    given = {"samples": samples, "temperature": temperature, "questions": questions}
    drawing = drawing.model_copy(update={field: value for field, value in given.items() if value is not None})
    progress = Progress(console)
    with progress.shown():
        stages = alone(experiment, full, Store(store), progress)
        (base,) = stages.experiment.configurations
        rounds = read_rounds(folder_of(experiment, name, runs))
        if rounds is not None and rounds.kept:
            adapter, number = stored(stages, rounds.adapter, f"round {rounds.kept}"), len(rounds.rounds) + 1
        else:
            first = stages.adapter(base, 0)
            assert first is not None
            adapter, number = first, 1 + (len(rounds.rounds) if rounds else 0)
        start = Preferences(stages).start(0, adapter, f"round {number}")
        drawn = read_answers(stages, draw_answers(stages, base, start, drawing))
    return [
        Answered(question=one.question.text, question_id=one.question.id, answers=one.answers)
        for one in drawn
        if len(one.answers) > 1
    ]
