import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.economics.hosting import Api, Payers, SelfHosted
from eval.economics.usage import Usage


@given(
    st.lists(st.floats(0, 1e6), min_size=1, max_size=5),
    st.floats(0, 1e9),
    st.sampled_from([Api(model="m"), SelfHosted(machine="box", utilisation=0.3, billing="dedicated", machines=3)]),
)
def test_json_gives_back_the_same_usage(seconds: list[float], size: float, hosting: Api | SelfHosted) -> None:
    usage = Usage(
        hosting=hosting, payers=Payers(index_machine="box"), index_bytes=size, machine_seconds=np.array(seconds)
    )
    again = Usage.from_json(usage.to_json())
    assert (again.hosting, again.payers, again.index_bytes) == (hosting, usage.payers, size)
    assert np.array_equal(again.machine_seconds, usage.machine_seconds)
    assert again.to_json() == usage.to_json()


def test_shape_is_that_of_the_measured_arrays() -> None:
    assert Usage(hosting=Api(model="m"), prompt_tokens=np.ones((3, 7)), output_tokens=np.ones((3, 7))).shape == (3, 7)


def test_negative_quantity_is_refused() -> None:
    with pytest.raises(ValueError, match="train_seconds must be finite and not negative"):
        Usage(hosting=Api(model="m"), train_seconds=-1.0)


def test_arrays_of_different_questions_are_refused() -> None:
    with pytest.raises(ValueError, match="differ in shape"):
        Usage(hosting=Api(model="m"), prompt_tokens=np.ones(3), output_tokens=np.ones(4))
