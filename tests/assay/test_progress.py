"""Progress: the seconds of each step, by a clock that the test turns."""

from io import StringIO

import pytest
from rich.console import Console

from assay import progress as module
from assay.progress import Progress


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(module, "perf_counter", made)
    return made


def test_a_step_inside_another_counts_for_itself_alone(clock: Clock) -> None:
    progress = Progress()
    with progress.step("answering"):
        clock.now += 2
        with progress.step("index"):
            clock.now += 5
            with progress.timed("loading"):
                clock.now += 3
        clock.now += 1
    assert progress.timings == {"loading": 3, "index": 5, "answering": 3}


def test_equal_steps_add_up(clock: Clock) -> None:
    progress = Progress()
    for seconds in (1, 4):
        with progress.counted("asking", 3, "test") as advance:
            clock.now += seconds
            advance(3)
    assert progress.timings == {"test": 5}


def test_a_step_that_fails_is_timed_and_taken_off(clock: Clock) -> None:
    progress = Progress()

    def fail() -> None:
        with progress.step("outer"), progress.training("tuning, seed 0") as report:
            clock.now += 2
            report(1, 10, 0.5)
            raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        fail()
    assert progress.timings == {"tuning": 2, "outer": 0}
    with progress.step("next"):
        clock.now += 1
    assert progress.timings["next"] == 1


def test_without_a_console_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    progress = Progress()
    with progress.shown(), progress.step("dataset"):
        pass
    assert capfd.readouterr() == ("", "")


def test_bars_name_the_step_its_count_and_the_loss() -> None:
    page = StringIO()
    progress = Progress(Console(file=page, force_terminal=True, width=120))
    with progress.shown():
        with progress.counted("answering test questions", 36) as advance:
            advance(12)
            progress._bars.refresh()
        with progress.training("tuning, seed 0") as report:
            report(5, 20, 1.25)
            progress._bars.refresh()
    text = page.getvalue()
    assert "answering test questions" in text
    assert "12/36" in text
    assert "5/20" in text
    assert "loss 1.250" in text


def test_a_pipe_gets_a_line_for_each_part_that_took_a_second_and_no_bars(clock: Clock) -> None:
    pipe = StringIO()
    progress = Progress(Console(file=pipe, force_terminal=False, width=80))
    with progress.shown():
        for name, seconds in (("tuning", 61.4), ("index", 0.3)):
            with progress.step(name):
                clock.now += seconds
    assert pipe.getvalue() == "tuning: 61 s\n"


def test_a_pipe_is_told_when_much_work_begins(clock: Clock) -> None:
    pipe = StringIO()
    progress = Progress(Console(file=pipe, force_terminal=False, width=80))
    with progress.counted("answering test questions", 1200), progress.counted("few", 3):
        pass
    assert pipe.getvalue() == "answering test questions: 1,200 to do\n"


def test_what_no_step_named_is_everything_else(clock: Clock) -> None:
    progress = Progress()
    clock.now += 2
    with progress.step("tuning"):
        clock.now += 5
    assert progress.so_far() == {"tuning": 5, "everything else": 2}
