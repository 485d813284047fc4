from pathlib import Path

import pytest
import yaml

from eval.economics.prices import DEFAULT_BOOK, load_price_book
from pipelines.errors import UserError


def edited(tmp_path: Path, old: str, new: str) -> Path:
    text = DEFAULT_BOOK.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "prices.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def line_of(path: Path, start: str) -> int:
    return next(n for n, line in enumerate(path.read_text().splitlines(), 1) if line.strip().startswith(start))


def test_shipped_book_has_the_machines_and_a_source_and_date_for_every_price() -> None:
    book = load_price_book()
    assert set(book.machines) == {"small_cpu", "cpu_8", "gpu_24gb", "gpu_80gb"}
    entries = [*book.machines.values(), book.storage, book.labour, *book.apis.values()]
    assert all(entry.source and entry.dated.year >= 2025 for entry in entries)
    assert book.dated == "2025-09-12"


def test_longest_pattern_wins_and_an_exact_name_before_it() -> None:
    book = load_price_book()
    assert book.usd_per_token("gpt-4o-2024-11-20", "input") == pytest.approx(2.5e-6)
    assert book.usd_per_token("gpt-4o-mini-2024-07-18", "input") == pytest.approx(0.15e-6)
    assert book.usd_per_token("text-embedding-3-small", "embedding") == pytest.approx(0.02e-6)


def test_unknown_machine_suggests_the_nearest() -> None:
    with pytest.raises(UserError, match=r"no machine 'gpu_24'; did you mean 'gpu_24gb'\?"):
        load_price_book().machine("gpu_24")


def test_unknown_model_is_refused() -> None:
    with pytest.raises(UserError, match="no entry under apis that matches model 'qwen'"):
        load_price_book().usd_per_token("qwen", "input")


def test_price_of_a_kind_that_is_not_given_is_never_taken_as_zero() -> None:
    with pytest.raises(UserError, match=r"apis.text-embedding-3-small has no output_usd_per_million"):
        load_price_book().usd_per_token("text-embedding-3-small", "output")


def test_negative_price_names_file_line_and_key(tmp_path: Path) -> None:
    path = edited(tmp_path, "usd_per_hour: 1.006", "usd_per_hour: -1")
    with pytest.raises(UserError) as caught:
        load_price_book(path)
    line = line_of(path, "usd_per_hour: -1")
    assert str(caught.value) == (
        f"{path}:{line}: machines.gpu_24gb.usd_per_hour: input should be greater than or equal to 0, not -1"
    )


def test_unknown_key_suggests_the_nearest(tmp_path: Path) -> None:
    path = edited(tmp_path, "usd_per_gb_month", "usd_per_gb_mont")
    with pytest.raises(UserError, match=r"unknown key storage.usd_per_gb_mont; did you mean 'usd_per_gb_month'\?"):
        load_price_book(path)


def test_missing_price_names_its_section(tmp_path: Path) -> None:
    path = edited(tmp_path, "    usd_per_hour: 0.3264\n", "")
    with pytest.raises(UserError, match=r"machines.cpu_8.usd_per_hour is missing; add it") as caught:
        load_price_book(path)
    assert f"{path}:{line_of(path, 'cpu_8:')}:" in str(caught.value)


@pytest.mark.parametrize("bad", [".nan", ".inf", "'free'", "true"])
def test_price_that_is_no_finite_number_is_refused(tmp_path: Path, bad: str) -> None:
    with pytest.raises(UserError, match=r"machines.small_cpu.usd_per_hour"):
        load_price_book(edited(tmp_path, "usd_per_hour: 0.0816", f"usd_per_hour: {bad}"))


def test_repeated_key_is_refused(tmp_path: Path) -> None:
    path = edited(tmp_path, "  cpu_8:", "  small_cpu:")
    with pytest.raises(UserError, match="key 'small_cpu' stands twice"):
        load_price_book(path)


def test_missing_file_and_broken_yaml_are_user_errors(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read the price book"):
        load_price_book(tmp_path / "none.yaml")
    broken = tmp_path / "broken.yaml"
    broken.write_text("name: [", encoding="utf-8")
    with pytest.raises(UserError, match=r"broken.yaml:\d+: not valid YAML"):
        load_price_book(broken)


def test_empty_file_is_a_user_error(tmp_path: Path) -> None:
    empty = tmp_path / "empty.yaml"
    empty.write_text("", encoding="utf-8")
    with pytest.raises(UserError, match=r"empty.yaml:1: the file"):
        load_price_book(empty)


def test_free_machine_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    data = yaml.safe_load(DEFAULT_BOOK.read_text(encoding="utf-8"))
    data["machines"]["desk"] = {"usd_per_hour": 0, "source": "our own", "dated": "2026-05-01"}
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    assert load_price_book(path).machine("desk").usd_per_hour == 0
