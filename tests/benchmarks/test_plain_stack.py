"""The comparison with the plain stack: its command line, its arithmetic, and one tiny run of the plain stack itself."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # benchmarks/ is no installed package

from benchmarks.plain_stack import overrides, parse  # noqa: E402
from benchmarks.stacks.assay_stack import by_part  # noqa: E402
from benchmarks.stacks.measured import PARTS, Measured  # noqa: E402
from benchmarks.stacks.plain import first_line, run, style_of  # noqa: E402
from benchmarks.stacks.table import MARKERS, page, ratio, written  # noqa: E402
from benchmarks.stacks.work import Asked, Cell, Pair, Text, Tuning, Work  # noqa: E402


def measured(total: float, probe: float, extra: float | None = None) -> Measured:
    parts = {"index": 1.0, "tune": 2.0, "answer": 3.0, "probe": probe, "log": 1.0}
    if extra is not None:
        parts["extra"] = extra
    return Measured(parts=parts, scores={"closed_book": (0.5, 0.25)}, total=total)


def work(folder: Path = Path("unused")) -> Work:
    shared = {"retriever": "", "depth": 1, "pairs_indexed": False}
    question = Asked(text="Who runs Norwick?", answers=("Ada",), answerable=True, gold=("Ada runs Norwick.",))
    return Work(
        model=folder,
        embedder=folder,
        dtype="bfloat16",
        batch=2,
        language="en",
        documents=(Text(title="Sites", text="Ada runs Norwick."), Text(title="Pumps", text="A pump costs 5 euros.")),
        chunk_size=400,
        pairs=(Pair(prompt="Question: Who?\nAnswer:", completion=" Ada\n"),) * 2,
        pair_texts=(),
        tuning=Tuning(
            rank=2, alpha=4, epochs=1, batch_size=2, learning_rate=1e-3, warmup_ratio=0.1, scheduler="cosine"
        ),
        cells=(
            Cell(
                id="rag",
                tuned=False,
                context="retrieved",
                template="{context}Question: {question}\nAnswer:",
                **{**shared, "retriever": "hybrid"},
            ),
            Cell(id="lora", tuned=True, context="none", template="{context}Question: {question}\nAnswer:", **shared),
        ),
        questions=(question, question.model_copy(update={"text": "What does a pump cost?", "answers": ("5",)})),
        probe=(0,),
        max_new_tokens=2,
        seed=0,
    )


def test_options_become_overrides_of_the_experiment() -> None:
    options = parse(["--test", "6", "--train", "12", "--epochs", "1", "--probe", "0"])
    assert overrides(options) == ["sample.test=6", "sample.train=12", "finetuning.epochs=1", "latency.questions=0"]


def test_without_options_the_experiment_stays_as_it_is() -> None:
    assert overrides(parse([])) == []


def test_all_contestants_run_unless_some_are_named() -> None:
    assert parse([]).contestants == ("plain", "plain_bf16", "matched")
    assert parse(["--contestants", "matched"]).contestants == ("matched",)


@pytest.mark.parametrize("arguments", [["--contestants", "fast"], ["--test", "0"], ["--probe", "5"]])
def test_a_wrong_option_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        parse(arguments)
    assert stopped.value.code == 2
    assert arguments[0] in capsys.readouterr().err


def test_what_no_part_claims_is_start_and_loading() -> None:
    assert measured(total=20.0, probe=4.0).start == pytest.approx(9.0)


def test_the_shared_work_leaves_out_what_assay_does_alone() -> None:
    one = measured(total=20.0, probe=4.0, extra=5.0)
    assert (one.shared, one.without_probe) == (15.0, 11.0)


def test_assays_steps_go_to_the_parts_of_the_comparison() -> None:
    timings = {"index dense": 2.0, "index bm25": 1.0, "tuning": 4.0, "answering test questions": 5.0}
    timings |= {"latency probe": 6.0, "choosing prompts on dev": 7.0, "statistics": 1.0}
    assert by_part(timings) == {"index": 3.0, "tune": 4.0, "answer": 5.0, "probe": 6.0, "log": 0.0, "extra": 8.0}


def test_a_ratio_compares_each_round_with_its_own() -> None:
    rounds = {
        "assay": [measured(10, 1), measured(20, 1), measured(40, 1)],
        "plain": [measured(40, 1), measured(60, 1), measured(80, 1)],
    }
    # 4, 3 and 2: the median is 3, where the ratio of the medians would be 3 as well and of the sums 2.57.
    assert ratio(rounds, "plain", lambda one: one.total) == 3.0


def test_the_page_shows_seconds_ratios_and_scores() -> None:
    text = page({"assay": [measured(20.0, 4.0, 5.0)], "plain": [measured(60.0, 10.0)]}, "sizes")
    assert "| **everything** | 20.0 | 60.0 |" in text
    assert "| everything | 1.00 | 3.00 |" in text
    assert "| the shared work | 1.00 | 4.00 |" in text
    assert "| the shared work without the probe | 1.00 | 4.55 |" in text
    assert "| closed_book | 0.500 / 0.250 | 0.500 / 0.250 |" in text


def test_the_tables_are_written_between_the_markers_of_the_page() -> None:
    document = (ROOT / "docs" / "speed.md").read_text(encoding="utf-8")
    once = written(document, "first")
    assert f"{MARKERS[0]}\nsecond\n{MARKERS[1]}" in written(once, "second")
    assert "first" not in written(once, "second").partition(MARKERS[0])[2].partition(MARKERS[1])[0]


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks the markers"):
        written("# Speed", "text")


def test_defaults_stay_defaults_and_the_matched_stack_takes_assays_settings() -> None:
    plain, matched = style_of("plain", work()), style_of("matched", work())
    assert (plain.dtype, plain.batch, plain.stop) == (None, 1, False)
    assert (matched.dtype, matched.batch, matched.stop) == ("bfloat16", 2, True)


def test_an_answer_is_its_first_line() -> None:
    assert first_line(" Ada \nQuestion: and then?") == "Ada"


@pytest.mark.slow
def test_the_matched_stack_does_every_part_of_a_tiny_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from pipelines.cache import cache_folder
    from pipelines.generation.weights import locate_embedded_embedder, prepare_embedded

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    models = {"model": prepare_embedded(cache_folder()).path, "embedder": locate_embedded_embedder()}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        result = run("matched", work().model_copy(update=models), tmp_path)
    finally:
        torch.set_num_threads(threads)
    assert set(result.parts) == set(PARTS)
    assert all(seconds > 0 for seconds in result.parts.values())
    assert set(result.scores) == {"rag", "lora"}
    assert (tmp_path / "mlflow.db").is_file()
    assert (tmp_path / "adapter" / "adapter_model.safetensors").is_file()
