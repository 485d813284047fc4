"""The embedded language model: from the GGUF file its package carries to a folder of safetensors.

``transformers.from_pretrained(gguf_file=...)`` does the same in 14 s, most of them spent parsing the 49,000 tokens of
the vocabulary twice and rebuilding the tensor name map for every submodule. Reading the header with transformers' own
fast reader and mapping the names once takes about 2 s; a test holds both results equal.
"""

from pathlib import Path
from typing import Any


def convert_gguf(gguf: Path, folder: Path) -> None:
    """Write ``gguf`` (Llama architecture) to ``folder`` as float32 safetensors with config and tokenizer.

    Blocks are dequantised to float32, in which ``scale * quant + minimum`` is exact; a load in bfloat16 rounds once.
    """
    from safetensors.torch import save_file
    from transformers import GenerationConfig, LlamaConfig, PreTrainedTokenizerFast

    config = LlamaConfig(**_config(gguf), architectures=["LlamaForCausalLM"], dtype="float32")
    save_file(_tensors(gguf, config), folder / "model.safetensors", metadata={"format": "pt"})
    config.save_pretrained(folder)
    GenerationConfig.from_model_config(config).save_pretrained(folder)
    PreTrainedTokenizerFast.from_pretrained(gguf.parent, gguf_file=gguf.name).save_pretrained(folder)


def _config(gguf: Path) -> dict[str, Any]:
    """Keyword arguments of ``LlamaConfig`` from the header."""
    from transformers.integrations import GGUF_CONFIG_MAPPING
    from transformers.integrations.gguf import read_gguf_metadata

    metadata, names = read_gguf_metadata(str(gguf))
    architecture = metadata["general.architecture"]
    if architecture != "llama":
        raise ValueError(f"{gguf.name}: architecture {architecture!r} is not Llama")
    values = {
        field: metadata[f"{architecture}.{key}"]
        for key, field in GGUF_CONFIG_MAPPING[architecture].items()
        if field and f"{architecture}.{key}" in metadata
    }
    # The key of the padding token is spelt "padding" in GGUF.
    for token, key in (("bos", "bos"), ("eos", "eos"), ("unk", "unknown"), ("pad", "padding")):
        if (identifier := metadata.get(f"tokenizer.ggml.{key}_token_id")) is not None:
            values[f"{token}_token_id"] = identifier
    return {**values, "tie_word_embeddings": "output.weight" not in names}


def _tensors(gguf: Path, config: Any) -> dict[str, Any]:
    """The state dict of ``LlamaForCausalLM`` in float32, by transformers' parameter names."""
    import torch
    from gguf import MODEL_ARCH, get_tensor_name_map
    from transformers import LlamaForCausalLM
    from transformers.integrations.gguf import GgufHeader, load_gguf_state_dict
    from transformers.integrations.gguf.dequant import GGML_BLOCK, dequantize
    from transformers.modeling_gguf_pytorch_utils import LlamaTensorProcessor

    header = GgufHeader.from_file(str(gguf))
    shapes = {info.name: info.shape for info in header.tensors}
    names = get_tensor_name_map(MODEL_ARCH.LLAMA, config.num_hidden_layers)
    unpermute = LlamaTensorProcessor(config=config.to_dict())
    with torch.device("meta"):
        parameters = dict(LlamaForCausalLM(config).named_parameters())
    tensors = load_gguf_state_dict(header)
    state = {}
    for parameter in parameters:
        stem, _, suffix = parameter.rpartition(".")
        name = f"{names.get_name(stem)}.{suffix}"
        blocks = tensors[name]
        values = blocks[:]
        if blocks.ggml_type in GGML_BLOCK:
            values = dequantize(values.reshape(-1), blocks.ggml_type).reshape(shapes[name])
        # llama.cpp stores query and key rows in its own rotary order.
        rows = unpermute.process(weights=values.to(torch.float32).numpy(), name=name).weights
        state[parameter] = torch.from_numpy(rows).contiguous()
    return state
