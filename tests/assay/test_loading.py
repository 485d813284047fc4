"""Experiment files: what they become, and what is said about a bad one."""

from pathlib import Path

import pytest
import yaml

from assay.loading import as_yaml, load_experiment, parse_experiment
from pipelines.errors import UserError

GOOD = """\
name: small
dataset: {kind: builtin}
llm: {kind: embedded}
chunker: {kind: recursive, size: 300}
finetuning:
  kind: lora
  epochs: 2
prompts:
  - {name: plain, instruction: ""}
  - name: two
    examples: 2
configurations:
  - arm: closed_book
  - arm: rag
    retriever: {kind: bm25}
    depth: {grid: [1, 2]}
  - arm: lora
  - arm: lora_rag
    retriever: {kind: bm25}
    finetuning: {kind: lora, epochs: 1}
contrasts:
  - [rag, lora]
"""


def write(folder: Path, text: str = GOOD) -> Path:
    path = folder / "experiment.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(folder: Path, text: str, *overrides: str) -> list[str]:
    path = write(folder, text)
    with pytest.raises(UserError) as caught:
        load_experiment(path, overrides)
    return str(caught.value).replace(f"{folder}/", "").split("\n")


def swapped(old: str, new: str) -> str:
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


def test_grids_are_expanded_in_the_files_order(tmp_path: Path) -> None:
    experiment = load_experiment(write(tmp_path))
    assert [one.id for one in experiment.configurations] == [
        *("closed_book", "rag-bm25-k1", "rag-bm25-k2", "lora", "lora_rag-bm25-k3"),
    ]


def test_defaults_at_the_top_reach_the_arms_that_use_them(tmp_path: Path) -> None:
    by_id = {one.id: one for one in load_experiment(write(tmp_path)).configurations}
    assert by_id["closed_book"].chunker is None
    assert by_id["closed_book"].finetuning is None
    assert by_id["rag-bm25-k1"].chunker.size == 300
    assert by_id["rag-bm25-k1"].finetuning is None
    assert by_id["lora"].finetuning.epochs == 2
    assert by_id["lora"].chunker is None
    assert by_id["lora_rag-bm25-k3"].chunker.size == 300


def test_what_a_configuration_says_itself_wins_over_the_default(tmp_path: Path) -> None:
    assert load_experiment(write(tmp_path)).configurations[-1].finetuning.epochs == 1


def test_stages_a_cell_needs_are_there_without_being_named() -> None:
    arms = [{"arm": "lora_rag", "retriever": "bm25"}, {"arm": "gold_context"}]
    bare = parse_experiment({"name": "x", "dataset": "builtin", "llm": "embedded", "configurations": arms})
    assert (bare.configurations[0].chunker.kind, bare.configurations[0].finetuning.kind) == ("recursive", "lora")
    assert (bare.configurations[1].chunker, bare.configurations[1].finetuning) == (None, None)


def test_experiment_written_out_is_the_same_experiment(tmp_path: Path) -> None:
    experiment = load_experiment(write(tmp_path))
    assert parse_experiment(yaml.safe_load(as_yaml(experiment))) == experiment


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("dataset: {", "datset: {", "experiment.yaml:2: datset: unknown field; did you mean 'dataset'?"),
        ("chunker: {", "chunkerr: {", "experiment.yaml:4: chunkerr: unknown field; did you mean 'chunker'?"),
        ("size: 300", "sizes: 300", "experiment.yaml:4: chunker.sizes: unknown field; did you mean 'size'?"),
        (
            "  epochs: 2",
            "  epohcs: 2",
            "experiment.yaml:7: finetuning.epohcs: unknown field; did you mean 'epochs'?",
        ),
        (
            "  epochs: 2",
            "  epochs: some",
            "experiment.yaml:7: finetuning.epochs: input should be a valid integer, "
            "unable to parse string as an integer",
        ),
        (
            "    depth: {grid: [1, 2]}",
            "    depht: 2",
            "experiment.yaml:16: configurations.1.depht: unknown field; did you mean 'depth'?",
        ),
        (
            "grid: [1, 2]",
            "grid: [1, 0]",
            "experiment.yaml:16: configurations.1.depth: input should be greater than or equal to 1",
        ),
        (
            "epochs: 1}",
            "epochs: 0}",
            "experiment.yaml:20: configurations.3.finetuning.epochs: input should be greater than or equal to 1",
        ),
        (
            "{kind: embedded}",
            "{kind: embeded}",
            "experiment.yaml:3: llm: unknown llm kind 'embeded'; did you mean 'embedded'?",
        ),
        (
            "  - arm: closed_book",
            "  - arm: closed_bok",
            "experiment.yaml:13: configurations.0.arm: input should be 'closed_book', 'rag', 'gold_context', 'lora', "
            "'lora_rag' or 'lora_gold_context'",
        ),
        (
            "  - arm: closed_book",
            "  - {arm: closed_book, retriever: bm25}",
            "experiment.yaml:13: configurations.0: arm closed_book retrieves nothing: leave retriever out",
        ),
        (
            "  - arm: closed_book",
            "  - arm: rag",
            "experiment.yaml:13: configurations.0: arm rag needs a retriever",
        ),
        (
            "  - arm: closed_book",
            "  - {arm: closed_book, prompt: tow}",
            "experiment.yaml:13: configurations.0.prompt: no prompt is named 'tow'",
        ),
        ("name: two", "name: plain", "experiment.yaml:10: prompts.1.name: two candidates are named 'plain'"),
        (
            "  - [rag, lora]",
            "  - [rag, closed_book]\n  - [rag, lorra]",
            "experiment.yaml:23: contrasts.1.1: 'lorra' is neither an arm nor the id of a configuration; "
            "did you mean 'lora'?",
        ),
        ("name: small", "name: a/b", "experiment.yaml:1: name: string should match pattern '^[A-Za-z0-9_.-]+$'"),
        (
            "name: small",
            "name: small\neconomics: {status_quo: mine}",
            "experiment.yaml:2: economics.status_quo: 'mine' is no configuration of this experiment",
        ),
    ],
)
def test_each_error_names_file_line_and_field(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert problems(tmp_path, swapped(old, new)) == [expected]


def test_field_that_is_missing_is_named(tmp_path: Path) -> None:
    assert problems(tmp_path, swapped("llm: {kind: embedded}\n", "")) == ["experiment.yaml:1: llm: field required"]


def test_all_errors_are_listed_at_once(tmp_path: Path) -> None:
    text = swapped("grid: [1, 2]", "grid: [0, 101]").replace("name: small", "name: small\nseed: -1")
    assert problems(tmp_path, text) == [
        "experiment.yaml:2: seed: input should be greater than or equal to 0",
        "experiment.yaml:17: configurations.1.depth: input should be greater than or equal to 1",
        "experiment.yaml:17: configurations.1.depth: input should be less than or equal to 100",
    ]


def test_what_is_wrong_in_every_configuration_is_said_once(tmp_path: Path) -> None:
    """The forms of a field are one line, and a list whose items were refused is not called empty."""
    head = "name: one\ndataset: builtin\nllm: embedded\nconfigurations:\n"
    rag = "  - {arm: rag, retriever: {kind: mafin, weight: 1.5}}\n"
    assert problems(tmp_path, head + rag) == [
        "experiment.yaml:5: configurations.0.retriever.weight: input should be less than or equal to 1, or input "
        "should be 'learned' or 'dev'"
    ]
    assert problems(tmp_path, head + "  []\n") == [
        "experiment.yaml:4: configurations: tuple should have at least 1 item after validation, not 0"
    ]


def test_a_named_grid_names_its_combinations(tmp_path: Path) -> None:
    entry = "  - {id: mine, arm: rag, retriever: {kind: {grid: [bm25, dense]}}, depth: {grid: [1, 2]}}\n"
    head = "name: one\ndataset: builtin\nllm: embedded\nconfigurations:\n"
    experiment = load_experiment(write(tmp_path, head + entry))
    assert [one.id for one in experiment.configurations] == [
        *("mine-kindbm25-depth1", "mine-kindbm25-depth2", "mine-kinddense-depth1", "mine-kinddense-depth2")
    ]


def test_a_grid_of_one_and_a_grid_of_names_leave_names_alone(tmp_path: Path) -> None:
    one = "  - {id: mine, arm: rag, retriever: bm25, depth: {grid: [1]}}\n"
    names = "  - {id: {grid: [a, b]}, arm: rag, retriever: dense}\n"
    head = "name: one\ndataset: builtin\nllm: embedded\nconfigurations:\n"
    experiment = load_experiment(write(tmp_path, head + one + names))
    assert [one.id for one in experiment.configurations] == ["mine", "a", "b"]


def test_missing_file_suggests_the_nearest(tmp_path: Path) -> None:
    path = write(tmp_path)
    with pytest.raises(UserError) as caught:
        load_experiment(tmp_path / "experimnet.yaml")
    assert str(caught.value) == f"{tmp_path}/experimnet.yaml: there is no such file; did you mean {path}?"


def test_folder_in_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Is a directory"):
        load_experiment(tmp_path)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"name: small\nllm: {kind: embedded\nseed: 1\n", "experiment.yaml:3: not valid YAML: "),
        (b"name: small\nllm: 'open\n", "experiment.yaml:3: not valid YAML: "),
        (
            b"name: small\nseed: \x07\n",
            "experiment.yaml:2: not valid YAML: special characters are not allowed (#x0007)",
        ),
        (b"name: caf\xe9\n", "experiment.yaml: not UTF-8 at byte 9"),
        (b"", "experiment.yaml:1: an experiment is a mapping with name, dataset, llm and configurations"),
        (b"- name\n", "experiment.yaml:1: an experiment is a mapping with name, dataset, llm and configurations"),
    ],
)
def test_what_is_no_yaml_mapping_is_refused_with_its_line(tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "experiment.yaml").write_bytes(content)
    with pytest.raises(UserError) as caught:
        load_experiment(tmp_path / "experiment.yaml")
    assert str(caught.value).replace(f"{tmp_path}/", "").startswith(expected)


def test_overrides_reach_nested_fields_and_list_items(tmp_path: Path) -> None:
    overrides = ["economics.horizon_months=6", "configurations.1.depth=7", "sample.test=5", "contrasts=[[lora, rag]]"]
    experiment = load_experiment(write(tmp_path), overrides)
    assert experiment.economics.horizon_months == 6
    assert experiment.configurations[1].depth == 7
    assert experiment.sample.test == 5
    assert experiment.contrasts == (("lora", "rag"),)


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("seed", "--set seed: write it as field.field=value"),
        ("=3", "--set =3: write it as field.field=value"),
        ("configurations.9.depth=1", "--set configurations.9.depth=1: there is no such place in the experiment"),
        ("name.first=1", "--set name.first=1: there is no such place in the experiment"),
        ("seed=[1", "--set seed=[1: there is no such place in the experiment"),
        ("sead=3", "experiment.yaml:1: sead: unknown field; did you mean 'seed'?"),
    ],
)
def test_bad_override_is_named(tmp_path: Path, override: str, expected: str) -> None:
    assert problems(tmp_path, GOOD, override) == [expected]


def test_relative_paths_are_meant_from_the_file(tmp_path: Path) -> None:
    text = swapped("{kind: builtin}", "{kind: folder, documents: docs, questions: ../q.jsonl}")
    text += "economics: {price_book: prices.yaml}\n"
    experiment = load_experiment(write(tmp_path, text))
    assert experiment.dataset.documents == tmp_path / "docs"
    assert experiment.dataset.questions == tmp_path / "../q.jsonl"
    assert experiment.economics.price_book == str(tmp_path / "prices.yaml")


def test_absolute_paths_stay(tmp_path: Path) -> None:
    text = swapped("{kind: builtin}", "{kind: folder, documents: /data/docs, questions: /data/q.csv}")
    assert load_experiment(write(tmp_path, text)).dataset.documents == Path("/data/docs")
