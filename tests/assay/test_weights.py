from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from assay.weights import weights_in


def test_weights_of_all_files_are_counted_from_their_headers(tmp_path: Path) -> None:
    save_file({"a": np.zeros((3, 4), np.float16), "b": np.zeros(5, np.float32)}, tmp_path / "one.safetensors")
    save_file({"c": np.zeros((2, 2, 2), np.float32)}, tmp_path / "two.safetensors")
    assert weights_in(tmp_path) == 12 + 5 + 8
