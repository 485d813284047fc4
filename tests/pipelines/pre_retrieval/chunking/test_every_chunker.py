"""What holds of every chunker, in any language, whatever the text."""

import subprocess
import sys
from itertools import pairwise
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.pre_retrieval.chunking import chunkers
from pipelines.records import Chunk, Document

PARTS = [
    "word", "Dr. Ito", "3.50", " ", "  ", "\n", "\n\n", ". ", "? ", "! ", "# ", "#\t", "## Title", "```\n", "| a | b |",
    "\n- item", "\n1. item", "😀", "👩‍👩‍👧", "\x01", "\x1f", "\u00a0", "\u200b", "\u2028", "漢字。",
    "कुत्ता। ", "سؤال؟ ", "ا", "é",
]  # fmt: skip
TEXT = st.lists(st.sampled_from(PARTS), max_size=60).map("".join) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=80
)
CONFIGS: list[dict[str, Any]] = [
    {"kind": "recursive", "size": 30},
    {"kind": "token", "size": 8},
    {"kind": "headers", "size": 30},
    {"kind": "sentence_window", "size": 30},
    {"kind": "hierarchical", "size": 20, "parent_size": 60},
]
every = pytest.mark.parametrize("config", CONFIGS, ids=[config["kind"] for config in CONFIGS])

SENTENCES = {
    "am": "ፓምፑ ቀይ ነው።", "ar": "المضخة حمراء.", "az": "Nasos qırmızıdır.", "be": "Помпа чырвоная.",
    "bg": "Помпата е червена.", "bn": "পাম্পটি লাল।", "ca": "La bomba és vermella.", "cs": "Čerpadlo je červené.",
    "cy": "Mae'r pwmp yn goch.", "da": "Pumpen er rød.", "de": "Die Pumpe ist rot.", "el": "Η αντλία είναι κόκκινη.",
    "en": "The pump is red.", "eo": "La pumpilo estas ruĝa.", "es": "La bomba es roja.", "et": "Pump on punane.",
    "eu": "Ponpa gorria da.", "fa": "پمپ قرمز است.", "fi": "Pumppu on punainen.", "fr": "La pompe est rouge.",
    "ga": "Tá an caidéal dearg.", "gu": "પંપ લાલ છે.", "he": "המשאבה אדומה.", "hi": "पंप लाल है।",
    "hr": "Pumpa je crvena.", "hu": "A szivattyú piros.", "hy": "Պոմպը կարմիր է։", "id": "Pompanya merah.",
    "is": "Dælan er rauð.", "it": "La pompa è rossa.", "ja": "ポンプは赤いです。", "ka": "ტუმბო წითელია.",
    "kk": "Сорғы қызыл.", "km": "ស្នប់មានពណ៌ក្រហម។", "ko": "펌프는 빨간색입니다.", "lt": "Siurblys yra raudonas.",
    "lv": "Sūknis ir sarkans.", "mk": "Пумпата е црвена.", "mn": "Насос улаан байна.", "my": "ပန့်သည် အနီရောင်ဖြစ်သည်။",
    "nl": "De pomp is rood.", "no": "Pumpen er rød.", "pl": "Pompa jest czerwona.", "pt": "A bomba é vermelha.",
    "ro": "Pompa este roșie.", "ru": "Насос красный.", "sw": "Pampu ni nyekundu.", "ta": "பம்ப் சிவப்பு நிறமானது.",
    "th": "ปั๊มเป็นสีแดง", "tr": "Pompa kırmızıdır.", "uk": "Насос червоний.", "ur": "پمپ سرخ ہے۔",
    "vi": "Máy bơm màu đỏ.", "zh": "泵是红色的。",
}  # fmt: skip


def cut(config: dict[str, Any], text: str) -> list[Chunk]:
    return chunkers.build(chunkers.parse(config))([Document("d", text, "Title")])


@every
@settings(deadline=None, max_examples=50)
@given(text=TEXT)
def test_spans_are_exact_and_leave_out_white_space_alone(config: dict[str, Any], text: str) -> None:
    chunks = cut(config, text)
    for ordinal, chunk in enumerate(chunks):
        assert chunk.id == f"d#{ordinal}"
        assert text[chunk.start : chunk.end] == chunk.text == chunk.indexed
        assert chunk.text == chunk.text.strip() != ""
    assert all(one.end <= other.start for one, other in pairwise(chunks))
    covered = {place for chunk in chunks for place in range(chunk.start, chunk.end)}
    assert all(text[place].isspace() for place in set(range(len(text))) - covered) or not chunks


@every
@settings(deadline=None, max_examples=20)
@given(text=TEXT)
def test_the_same_text_gives_the_same_chunks(config: dict[str, Any], text: str) -> None:
    assert cut(config, text) == cut(config, text)


@every
@pytest.mark.parametrize("text", ["", " \n\t\n "])
def test_a_document_without_text_gives_no_chunk(config: dict[str, Any], text: str) -> None:
    assert cut(config, text) == []


@every
def test_every_language_is_cut_and_none_lost(config: dict[str, Any]) -> None:
    for language, sentence in SENTENCES.items():
        chunks = cut(config, f"{sentence} " * 12)
        assert len(chunks) > 1, language
        assert "".join("".join(chunk.text.split()) for chunk in chunks) == "".join(sentence.split()) * 12, language


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["recursive", "token"])
@pytest.mark.parametrize("piece", ["The pump is red, and it weighs 12 kg. ", "abcdefghij"])
def test_a_line_of_ten_megabytes_is_cut_in_seconds(kind: str, piece: str) -> None:
    text = piece * (10_000_000 // len(piece))
    started = process_time()
    chunks = cut({"kind": kind, "size": 400}, text)
    assert process_time() - started < 60
    assert max(len(chunk.text) for chunk in chunks) <= 400 * 16
    assert sum(len(chunk.text) for chunk in chunks) >= len(text) - len(chunks)


OFFLINE = """
import socket
def refuse(*arguments): raise AssertionError("the network was used")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
from pipelines.pre_retrieval.chunking import chunkers
from pipelines.records import Document
for kind in ("headers", "sentence_window", "hierarchical", "token"):
    assert chunkers.build(chunkers.parse(kind))([Document("d", "# A\\n\\nOne sentence. Another.")]), kind
"""


@pytest.mark.slow
def test_no_network_is_needed() -> None:
    subprocess.run([sys.executable, "-c", OFFLINE], check=True, timeout=120)
