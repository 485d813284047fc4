"""Everyday questions from outside any company's domain, asked before and after tuning to see what was forgotten."""

from typing import Literal

from pipelines.corpus import Loader, datasets
from pipelines.records import Dataset, Document, Question
from pipelines.registry import StageConfig

PAIRS = """
What is the capital of France?|Paris
What is the capital of Japan?|Tokyo
What is the capital of Italy?|Rome
What is the capital of Spain?|Madrid
What is the capital of Germany?|Berlin
What is the capital of Egypt?|Cairo
What is the capital of Canada?|Ottawa
What is the capital of Russia?|Moscow
What is the capital of Greece?|Athens
What is the capital of Cuba?|Havana
On which continent is Kenya?|Africa
On which continent is Brazil?|South America
On which continent is India?|Asia
Which is the largest ocean on Earth?|Pacific Ocean|Pacific
Which is the largest planet in the solar system?|Jupiter
Which planet is known as the Red Planet?|Mars
Which planet is closest to the Sun?|Mercury
What is the chemical symbol of gold?|Au
What is the chemical symbol of oxygen?|O
What is the chemical formula of water?|H2O
Which gas do plants take in from the air?|Carbon dioxide|CO2
How many days are there in a week?|7|seven
How many months are there in a year?|12|twelve
How many minutes are there in an hour?|60|sixty
How many legs does a spider have?|8|eight
How many sides does a triangle have?|3|three
What is two plus two?|4|four
What is ten minus three?|7|seven
Who wrote Romeo and Juliet?|William Shakespeare|Shakespeare
Who painted the Mona Lisa?|Leonardo da Vinci|Da Vinci
Who was the first president of the United States?|George Washington|Washington
Who developed the theory of relativity?|Albert Einstein|Einstein
Which language is spoken in Brazil?|Portuguese
Which language is spoken in Mexico?|Spanish
What currency is used in Japan?|Yen|Japanese yen
What currency is used in the United Kingdom?|Pound sterling|Pound|British pound
Which animal is known as the king of the jungle?|Lion|The lion
What do bees make?|Honey
What colour is the sky on a clear day?|Blue
What colour do you get by mixing blue and yellow?|Green
In which country is the Great Wall?|China
In which country are the pyramids of Giza?|Egypt
Which organ pumps blood through the body?|Heart|The heart
What is frozen water called?|Ice
What is the opposite of hot?|Cold
What is the plural of child?|Children
Which month comes after March?|April
Which day comes after Friday?|Saturday
Which season comes after winter?|Spring
What is the square root of nine?|3|three
"""


class GeneralKnowledge(StageConfig):
    """Fifty everyday questions with well-known answers; one page of text holds them all."""

    kind: Literal["general_knowledge"] = "general_knowledge"


@datasets.kind(GeneralKnowledge)
def general_knowledge(config: GeneralKnowledge) -> Loader:
    def load() -> Dataset:
        rows = [line.split("|") for line in PAIRS.strip().split("\n")]
        questions = tuple(
            Question(f"general-{number}", row[0], tuple(row[1:]), "test", kind="general")
            for number, row in enumerate(rows, 1)
        )
        page = Document("general", "\n".join(f"{row[0]} {row[1]}." for row in rows), "General knowledge")
        return Dataset("general_knowledge", (page,), questions, licence="Apache-2.0")

    return load
