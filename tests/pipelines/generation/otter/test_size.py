"""What can be inserted into what."""

from typing import Any

import pytest

from pipelines.errors import UserError
from pipelines.generation.otter.size import Size


def test_an_unknown_family_is_refused_in_one_line() -> None:
    from transformers import AutoConfig, AutoModelForCausalLM

    from pipelines.generation.otter.parameters import Otter

    config = AutoConfig.for_model("gpt2", n_embd=32, n_layer=1, n_head=2, vocab_size=50)
    with pytest.raises(UserError, match=r"families llama, qwen2, qwen3, not 'gpt2'.*probe or reward_model") as raised:
        Otter(AutoModelForCausalLM.from_config(config), Size(8, 1, 8))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (Size(65, 1, 8), "width is 65, the model itself has 64"),
        (Size(8, 3, 8), "kv_heads is 3, the model itself has 2"),
        (Size(8, 1, 97), "inner is 97, the model itself has 96"),
    ],
)
def test_more_than_there_is_to_copy_is_refused(tiny: Any, size: Size, said: str) -> None:
    from pipelines.generation.otter.parameters import Otter

    with pytest.raises(UserError, match=said):
        Otter(tiny(), size)


def test_parameters_are_counted_by_hand(tiny: Any) -> None:
    """Of one layer: queries 32 x 72, keys and values 16 x 72 each, output 8 x (64 + 32), gate and up 24 x 72 each, down
    8 x (96 + 24), norms 8 each; beside them the embedding, the last norm and the head (8 + 1 + 64)."""
    from pipelines.generation.otter.parameters import Otter

    layer = 32 * 72 + 2 * 16 * 72 + 8 * 96 + 2 * 24 * 72 + 8 * 120 + 2 * 8
    otter = Otter(tiny("llama"), Size(8, 1, 24))
    assert sum(one.numel() for one in otter.parameters()) == 3 * layer + 97 * 8 + 8 + 8 + 1 + 64


def test_written_parameters_are_read_again_and_not_into_another_model(tiny: Any, inserted: Any, tmp_path: Any) -> None:
    import torch

    from pipelines.generation.otter import files

    model = tiny()
    otter = inserted(model)
    files.write(otter, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"otter.safetensors", "otter.json"}
    again = files.read(tmp_path, model)
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in otter.state_dict().items())
    with pytest.raises(UserError, match="inserted parameters of another model"):
        files.read(tmp_path, tiny(vocab_size=98))
