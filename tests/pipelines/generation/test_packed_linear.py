"""Packed layers multiply as plain ones do."""

import pytest
import torch

from pipelines.generation.packed_linear import PackedLinear, pack_linears

pytestmark = pytest.mark.skipif(
    not torch.ops.mkldnn._is_mkldnn_bf16_supported(), reason="this processor does not multiply bfloat16"
)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("rows", [1, 7, 32, 300])
def test_product_is_that_of_the_plain_layer(rows: int, bias: bool) -> None:
    torch.manual_seed(rows)
    plain = torch.nn.Linear(96, 40, bias=bias, dtype=torch.bfloat16)
    given = torch.randn(2, rows, 96, dtype=torch.bfloat16)
    with torch.no_grad():
        found, expected = PackedLinear(plain)(given), plain(given)
    # Two sums of 96 products in float32 differ by less than the rounding to bfloat16, 2^-8 of the value.
    torch.testing.assert_close(found, expected, rtol=2**-7, atol=2**-7)
    assert found.shape == (2, rows, 40)


def test_only_layers_in_bfloat16_are_replaced() -> None:
    class Model(torch.nn.Module):
        device = torch.device("cpu")

        def __init__(self) -> None:
            super().__init__()
            self.first = torch.nn.Linear(8, 8, dtype=torch.bfloat16)
            self.inner = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.LayerNorm(8))

    model = Model()
    pack_linears(model)
    assert isinstance(model.first, PackedLinear)
    assert type(model.inner[0]) is torch.nn.Linear
