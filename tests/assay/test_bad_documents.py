"""Documents and questions as they come: a run ends in results, or in one clear line with exit code 2."""

import json
from pathlib import Path
from typing import Any

import pytest

HELLO = {
    "am": "ሰላም ለዓለም", "ar": "مرحبا بالعالم", "az": "Salam dünya", "be": "Прывітанне, свет", "bg": "Здравей, свят",
    "bn": "ওহে বিশ্ব", "ca": "Hola món", "cs": "Ahoj světe", "cy": "Helo byd", "da": "Hej verden",
    "de": "Hallo Welt", "el": "Γειά σου Κόσμε", "en": "Hello world", "eo": "Saluton mondo", "es": "Hola mundo",
    "et": "Tere maailm", "eu": "Kaixo mundua", "fa": "سلام دنیا", "fi": "Hei maailma", "fr": "Bonjour le monde",
    "ga": "Dia duit a dhomhain", "gu": "હેલો વિશ્વ", "he": "שלום עולם", "hi": "नमस्ते दुनिया", "hr": "Pozdrav svijete",
    "hu": "Helló világ", "hy": "Բարեւ աշխարհ", "id": "Halo dunia", "is": "Halló heimur", "it": "Ciao mondo",
    "ja": "こんにちは世界", "ka": "გამარჯობა სამყარო", "kk": "Сәлем әлем", "km": "សួស្តី​ពិភពលោក", "ko": "안녕 세상",
    "lo": "ສະບາຍດີຊາວໂລກ", "lt": "Labas pasauli", "lv": "Sveika pasaule", "ml": "ഹലോ വേൾഡ്", "mn": "Сайн уу дэлхий",
    "my": "မင်္ဂလာပါကမ္ဘာလောက", "pl": "Witaj świecie", "ru": "Привет, мир", "si": "හෙලෝ වර්ල්ඩ්", "ta": "வணக்கம் உலகம்",
    "te": "హలో వరల్డ్", "th": "สวัสดีชาวโลก", "tr": "Merhaba dünya", "uk": "Привіт, світ", "zh": "你好世界",
}  # fmt: skip
WORDLESS = "😀 🚀 👩‍👩‍👧‍👦 🇩🇪 ✅ ok"
CONTROL = "The valve\x00 is\x01 purple\x1b[31m\x7f and\x0c cold\u202e\u200b\ufeff.\r\nIt\x85leaks\u2028now."
PAGE = (
    "<html><head><script>alert('scripted')</script><style>p {color: red}</style></head>"
    "<body onload='x()'><h1>Seal</h1><p>The seal is <b>rubber</b>.</p><script>document.write('scripted')</script></body>"
)


class Corpus:
    """An experiment over the small dataset, to which documents and questions are added."""

    def __init__(self, root: Path, dataset: dict[str, str]) -> None:
        self.root = root
        self.documents, self.questions = Path(dataset["documents"]), Path(dataset["questions"])
        self.data: dict[str, Any] = {
            "name": "odd",
            "dataset": dataset,
            "llm": {"kind": "fake"},
            "prompts": [{"name": "plain", "instruction": ""}],
            "latency": {"questions": 0},
        }

    def add(self, name: str, text: str, encoding: str = "utf-8") -> None:
        (self.documents / name).write_bytes(text.encode(encoding))

    def ask(self, *texts: str) -> None:
        """Add questions to test."""
        rows = [{"question": text, "answer": "purple", "split": "test"} for text in texts]
        with self.questions.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)

    def run(self, *configurations: dict[str, Any]) -> Any:
        """What the run found. A configuration is given without its arm."""
        from assay.loading import parse_experiment
        from assay.runner import run_experiment

        arms = [{"arm": "closed_book"}, *({"arm": "rag", **one} for one in configurations)]
        experiment = parse_experiment({**self.data, "configurations": arms})
        return run_experiment(experiment, store=self.root / "store", runs=self.root / "runs", tracking=False)


@pytest.fixture
def corpus(tmp_path: Path, small_dataset: Any, fake_model: Any) -> Corpus:
    return Corpus(tmp_path, small_dataset(tmp_path / "data"))
