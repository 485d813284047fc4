"""Assay beside the plain stack: the same work, cold, in one run.

    python benchmarks/plain_stack.py [--test 102] [--dev 20] [--train 304] [--epochs 2] [--probe 20] [--batch 32]
        [--contestants plain,plain_bf16,matched] [--repeat 1] [--write-docs]

Every contestant runs in a process of its own with an empty folder for stores, caches, indexes and MLflow; only the
embedded language model as safetensors is prepared beforehand, for all alike. ``docs/speed.md`` says what each does.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # benchmarks/ is no installed package

from benchmarks.stacks.measured import Measured  # noqa: E402
from benchmarks.stacks.table import NAMES, page, written  # noqa: E402

if TYPE_CHECKING:
    from pipelines.generation.weights import Weights

DOCS = ROOT / "docs" / "speed.md"
OTHERS = tuple(name for name in NAMES if name != "assay")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python benchmarks/plain_stack.py", description=__doc__.splitlines()[0])
    parser.add_argument("--experiment", type=Path, default=ROOT / "configs" / "quickstart.yaml")
    for split in ("test", "dev", "train"):
        parser.add_argument(f"--{split}", type=_count, help=f"{split} questions to keep; absent: the experiment's")
    parser.add_argument("--epochs", type=_count, help="passes over the training pairs; absent: the experiment's")
    parser.add_argument("--probe", type=_probe, help="questions of the latency probe: 0, or 10 and more")
    parser.add_argument("--contestants", type=_contestants, default=OTHERS, help=f"beside Assay: {','.join(OTHERS)}")
    parser.add_argument("--batch", type=_count, default=32, help="prompts in a batch of the matched stack")
    parser.add_argument("--repeat", type=_count, default=1, help="rounds; medians are shown")
    parser.add_argument("--write-docs", action="store_true", help="put the tables into docs/speed.md")
    return parser.parse_args(arguments)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _probe(text: str) -> int:
    number = int(text)
    if number != 0 and number < 10:
        raise argparse.ArgumentTypeError("must be 0, or 10 and more: a median needs ten requests")
    return number


def _contestants(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if unknown := [name for name in names if name not in OTHERS]:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(OTHERS)}")
    return names


def overrides(options: argparse.Namespace) -> list[str]:
    """The options as overrides of the experiment file."""
    fields = {f"sample.{split}": getattr(options, split) for split in ("test", "dev", "train")}
    fields |= {"finetuning.epochs": options.epochs, "latency.questions": options.probe}
    return [f"{field}={value}" for field, value in fields.items() if value is not None]


def compete(name: str, task: Path, models: Path) -> Measured:
    """Run one contestant from nothing and time its whole process."""
    with TemporaryDirectory(prefix=f"{name}-") as empty:
        folder, cache, result = Path(empty, "work"), Path(empty, "cache"), Path(empty, "result.json")
        folder.mkdir()
        cache.mkdir()
        (cache / "models").symlink_to(models, target_is_directory=True)
        quiet = {"HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1", "PYTHONWARNINGS": "ignore"}
        environment = {**os.environ, **quiet, "ASSAY_CACHE": str(cache), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "benchmarks.stacks.contestant", name, str(task), str(result)]
        print(f"{name}: load average {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
        started = time.perf_counter()
        # What libraries print goes nowhere: the table alone stands on standard output.
        subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=True)
        total = time.perf_counter() - started
        measured = Measured.model_validate_json(result.read_text(encoding="utf-8"))
    print(f"{name}: {total:.1f} s", file=sys.stderr, flush=True)
    return measured.model_copy(update={"total": total})


def rounds_of(options: argparse.Namespace, scratch: Path, weights: "Weights") -> dict[str, list[Measured]]:
    """All contestants, one round after another; Assay goes first, as its first round chooses the prompts."""
    from assay.loading import load_experiment
    from benchmarks.stacks.work import describe

    changes = overrides(options)
    experiment = load_experiment(options.experiment, changes)
    ours, theirs = scratch / "assay.json", scratch / "work.json"
    ours.write_text(json.dumps({"experiment": str(options.experiment.resolve()), "overrides": changes}))
    rounds: dict[str, list[Measured]] = {name: [] for name in ("assay", *options.contestants)}
    for _ in range(options.repeat):
        rounds["assay"].append(compete("assay", ours, weights.path.parent))
        if not theirs.exists():
            prompts = rounds["assay"][0].prompts
            work = describe(experiment, prompts, weights, options.batch, scratch / "description")
            theirs.write_text(work.model_dump_json(), encoding="utf-8")
        for name in options.contestants:
            rounds[name].append(compete(name, theirs, weights.path.parent))
    return rounds


def sizes(options: argparse.Namespace, machine: str) -> str:
    """What was run and where, in a sentence."""
    from assay.loading import load_experiment

    experiment = load_experiment(options.experiment, overrides(options))
    cut = experiment.sample
    given = ", ".join(f"{size} {split}" for split, size in cut.model_dump().items() if size is not None)
    return (
        f"`{options.experiment.name}` with {len(experiment.configurations)} configurations (sample: "
        f"{given or 'everything'}), {experiment.latency.questions} questions in the probe, {options.repeat} round(s), "
        f"batches of {options.batch} in the matched stack. {machine}."
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run, print the tables, and write them into the page if asked to."""
    from assay.offline import silence_telemetry
    from pipelines.cache import cache_folder
    from pipelines.errors import UserError
    from pipelines.generation.weights import prepare_embedded

    options = parse(sys.argv[1:] if arguments is None else arguments)
    silence_telemetry(os.environ)
    try:
        weights = prepare_embedded(cache_folder())
        with TemporaryDirectory(prefix="plain-stack-") as scratch:
            rounds = rounds_of(options, Path(scratch), weights)
    except UserError as error:
        sys.exit(f"error: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"error: the contestant {error.cmd[3]} failed with exit code {error.returncode}; its words are above")
    text = page(rounds, sizes(options, rounds["assay"][0].machine))
    print(text)
    if options.write_docs:
        DOCS.write_text(written(DOCS.read_text(encoding="utf-8"), text), encoding="utf-8")


if __name__ == "__main__":
    main()
