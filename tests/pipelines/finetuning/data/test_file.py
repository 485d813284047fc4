"""Training pairs of one's own."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines.errors import UserError
from pipelines.finetuning.data import training_data
from pipelines.finetuning.data.file_rows import Conversation, RowError, conversation, form_of

ASKED = {"role": "user", "content": "Who owns it?"}
ANSWERED = {"role": "assistant", "content": "Ida"}


def write(folder: Path, rows: list[Any], name: str = "pairs.jsonl") -> dict[str, Any]:
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / name).write_text(lines if name.endswith("l") else json.dumps(rows), encoding="utf-8")
    return {"kind": "file", "path": name}


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [ASKED, ANSWERED]},
        {"conversations": [{"from": "human", "value": "Who owns it?"}, {"from": "gpt", "value": "Ida"}]},
        {"prompt": "Who owns it?", "completion": "Ida"},
        {"prompt": [ASKED], "completion": [ANSWERED]},
        {"instruction": "Who owns it?", "input": "", "output": "Ida", "text": "not read"},
        {"instruction": "Who", "input": "owns it?", "output": " Ida "},
    ],
    ids=lambda row: "-".join(row),
)
@pytest.mark.parametrize("name", ["pairs.jsonl", "pairs.json"])
def test_every_form_becomes_the_plain_pair(make: Any, tmp_path: Path, row: Any, name: str) -> None:
    made = make(write(tmp_path, [row], name), context={"folder": tmp_path})
    assert [(one.prompt, one.completion, one.question) for one in made.pairs] == [
        ("Question: Who owns it?\nAnswer:", " Ida\n", "Who owns it?")
    ]


def test_instruction_and_earlier_turns_stand_before_the_question(make: Any, tmp_path: Path) -> None:
    system = {"role": "system", "content": "Be brief."}
    last = [{"role": "user", "content": "Since\nwhen?"}, {"role": "assistant", "content": "2020,\nin May"}]
    row = {"messages": [system, ASKED, ANSWERED, *last]}
    (pair,) = make(write(tmp_path, [row]), context={"folder": tmp_path}).pairs
    assert pair.prompt == "Be brief.\n\nQuestion: Who owns it?\nAnswer: Ida\n\nQuestion: Since when?\nAnswer:"
    assert (pair.completion, pair.question, pair.question_id) == (" 2020, in May\n", "Since when?", "pairs.jsonl:1")


def test_every_bad_row_is_listed_with_line_and_field(make: Any, tmp_path: Path) -> None:
    rows = [
        {"prompt": "Who?", "completion": " "},
        {"question": "Who?"},
        {"messages": [ASKED]},
        {"messages": [ASKED, {"role": "tool", "content": "x"}]},
        {"conversations": "Who?"},
        {"instruction": 3, "output": "x"},
        {"prompt": "fine?", "completion": "yes"},
    ]
    with pytest.raises(UserError) as error:
        make(write(tmp_path, rows), context={"folder": tmp_path})
    path = tmp_path / "pairs.jsonl"
    assert str(error.value).splitlines() == [
        f"{path}:1: completion: is empty",
        f"{path}:2: has none of: messages; conversations; prompt and completion; instruction and output",
        f"{path}:3: messages: must be turns of user and assistant, one after the other, that end with the assistant",
        f"{path}:4: messages[1].role: must be system, user or assistant, not 'tool'",
        f"{path}:5: conversations: must be a list of messages, not str",
        f"{path}:6: instruction: must be a text, not int",
    ]


def test_a_named_form_is_asked_of_every_row(make: Any, tmp_path: Path) -> None:
    options = write(tmp_path, [{"prompt": "Who?", "completion": "Ida"}])
    with pytest.raises(UserError, match=r"pairs\.jsonl:1: instruction: missing field"):
        make({**options, "form": "alpaca"}, context={"folder": tmp_path})


def test_files_that_are_empty_or_no_list_are_errors(make: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no pair"):
        make(write(tmp_path, []), context={"folder": tmp_path})
    (tmp_path / "one.json").write_text("{}", encoding="utf-8")
    with pytest.raises(UserError, match="must be a list of rows, not dict"):
        make({"kind": "file", "path": "one.json"}, context={"folder": tmp_path})


def test_a_changed_file_is_another_config_and_a_known_one_may_be_gone(tmp_path: Path) -> None:
    context = {"folder": tmp_path}
    options = write(tmp_path, [{"prompt": "Who?", "completion": "Ida"}])
    first = training_data.parse(options, context)
    again = training_data.parse(first.model_dump(), context)
    assert first == again
    write(tmp_path, [{"prompt": "Who?", "completion": "Bo"}])
    assert training_data.parse(options, context) != first
    with pytest.raises(ValidationError, match="has changed since"):
        training_data.parse(first.model_dump(), context)
    (tmp_path / "pairs.jsonl").unlink()
    assert training_data.parse(first.model_dump(), context) == first
    with pytest.raises(ValidationError, match="no such file"):
        training_data.parse(options, context)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=r"must be a \.jsonl or \.json file"):
        training_data.parse({"kind": "file", "path": "pairs.csv"}, {"folder": tmp_path})


TEXT = st.text(min_size=1).filter(lambda text: bool(text.strip())).map(str.strip)


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=4))
def test_chat_and_sharegpt_say_the_same(turns: list[tuple[str, str]]) -> None:
    said = [(role, text) for turn in turns for role, text in zip(("user", "assistant"), turn, strict=True)]
    chat = {"messages": [{"role": role, "content": text} for role, text in said]}
    names = {"user": "human", "assistant": "gpt"}
    share = {"conversations": [{"from": names[role], "value": text} for role, text in said]}
    expected = Conversation("", tuple(turns[:-1]), *turns[-1])
    assert conversation(chat, "chat") == conversation(share, "sharegpt") == expected


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
KEYS = st.sampled_from(["messages", "conversations", "prompt", "completion", "instruction", "input", "output"])


@given(st.dictionaries(KEYS, VALUES))
def test_any_row_is_read_or_named(row: dict[str, Any]) -> None:
    form = form_of(row)
    if form is not None:
        try:
            found = conversation(row, form)
        except RowError:
            return
        assert found.question
        assert found.answer
