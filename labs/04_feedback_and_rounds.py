# ---
# # ruff: noqa: F811, F841, N999
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Feedback and rounds
#
# Nobody writes a thousand model answers twice. But people who use a system say every day which answers were good and
# which were not. Can a tuned model learn from that, and who says that what it learns is better? In this lab you collect
# verdicts of people and of machines, find out how far each can be trusted, tune on them with DPO, and build a loop that
# goes round and round and throws away the rounds that did harm.
#
# **You need** a laptop. No API key, no GPU and no network. Labs 01 and 03 come first: this one takes F1, paired
# comparisons and LoRA for granted.
#
# **It takes** about an hour and a half to read and do, of which the computer works some minutes (two CPU cores).
#
# **The exercises** work as in lab 01: fill the blanks (`...`), run the check. Whoever gives one up can go on: no later
# cell needs it. What was computed is kept in a store on disk, so cells that ran once take seconds the next time.

# %%
import json
import math
import re
import shutil
import warnings
from contextlib import contextmanager
from pathlib import Path
from random import Random

warnings.filterwarnings("ignore", category=FutureWarning)  # libraries talking to their own developers
warnings.filterwarnings("ignore", message="IProgress not found")

import matplotlib.pyplot as plt
import mlflow
import numpy as np
import pandas as pd
import torch
from IPython.display import Markdown, display
from mlflow.entities import AssessmentSource
from peft import PeftModel

import assay
from assay.answers_to_review import answers_to_review
from assay.datasets import load_dataset
from assay.feedback import review
from assay.preferences import Preferences
from assay.progress import Progress
from assay.stages import Stages
from assay.store import Store
from assay.traces import read_traces, send_answers
from eval.judging import PreferenceRow, judge_from, preference_agreement
from eval.metrics import f1
from pipelines.finetuning.preference import PreferencePair
from pipelines.finetuning.preference.feedback.records import Feedback
from pipelines.finetuning.preference.pairs import make_pairs
from pipelines.generation import language_models

pd.options.display.max_colwidth = 100
pd.options.display.precision = 3
plt.rcParams |= {"figure.dpi": 100, "axes.spines.top": False, "axes.spines.right": False, "axes.titlelocation": "left"}
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#999999"
STORE, RUNS, DESK = ".assay/store", "runs", Path("lab-04")

# %% [markdown]
# ## 1. A model that is not good yet
#
# Feedback is mostly about *form*: too long, wrong tone, not how we write dates. So we take the form questions of the
# built-in company: sort a ticket, write a number or a date the house's way, answer in house style. They become a
# dataset of our own, in a folder. We learn from 48 of them.

# %% tags=["parameters"]
PAIRS, EXAM, OUTSIDE, TOKENS, SAMPLES = 48, 54, 50, 32, 4

# %%
world = load_dataset("builtin")
HANDBOOK, QUESTIONS = DESK / "handbook", DESK / "questions.jsonl"
shutil.rmtree(DESK, ignore_errors=True)
TASKS = ("classify", "convert", "reply")
ours = [question for question in world.questions if question.kind in TASKS]
others = [question for question in ours if question.split != "train"]
evaluated = others[:: max(1, len(others) // EXAM)]
asked = [question for question in ours if question.split == "train" or question in evaluated]
pages = {span.document_id: f"{span.document_id.replace('/', '-')}.md" for one in asked for span in one.gold}
HANDBOOK.mkdir(parents=True)
for document in world.documents:
    if document.id in pages:
        (HANDBOOK / pages[document.id]).write_text(document.text, encoding="utf-8")


def as_jsonl(path, rows):
    """Write ``rows`` to ``path``, one line of JSON each."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


split = {q.id: "dev" if place % 2 else "test" for place, q in enumerate(sorted(evaluated, key=lambda q: q.kind))}
as_jsonl(QUESTIONS, [
    {"id": q.id, "question": q.text, "answers": q.answers, "split": split.get(q.id, "train"), "track": q.kind,
     "kind": q.kind, "relevance": {pages[span.document_id]: 1 for span in q.gold}}
    for q in asked
])  # fmt: skip
BASICS = {
    "dataset": {"kind": "folder", "documents": str(HANDBOOK), "questions": str(QUESTIONS)},
    "sample": {"train": PAIRS},
    "llm": {"kind": "embedded"},
    "max_new_tokens": TOKENS,
    "prompts": [{"name": "plain", "instruction": ""}],
    "prompt_questions": 4,
    "latency": {"questions": 0},
    "forgetting": {"questions": OUTSIDE},
    "finetuning": {"kind": "lora", "epochs": 2, "batch_size": 8},
}
pd.DataFrame(
    {"kind": q.kind, "question": q.text, "answer": q.answers[0]} for q in asked[::14]
)  # fmt: skip

# %% [markdown]
# The training questions teach an adapter first, as in lab 03. Then we let it answer each training question four
# times, not with the likeliest token each time, but with tokens *drawn* from its own distribution: at temperature 1 as
# often as it gives them probability. Where it is unsure, the four differ. (This cell is slow the first time.)

# %%
SAMPLING = {"samples": SAMPLES, "temperature": 1.0}
DRAWING = {"kind": "reference", "metric": "f1", **SAMPLING}
DPO = {"kind": "dpo", "beta": 0.1, "learning_rate": 3e-4, "batch_size": 4}
ROUNDS = BASICS | {
    "name": "lab-04",
    "configurations": [{"id": "tuned", "arm": "lora", "preference": DPO | {"feedback": DRAWING}}],
}
ROUNDS_FOLDER = Path(RUNS, "lab-04-tuned-rounds")
shutil.rmtree(ROUNDS_FOLDER, ignore_errors=True)  # this lab starts afresh; section 8 says what that forgets


def draw():
    """Questions to which the adapter that was kept last gave different answers, with those answers."""
    return answers_to_review(assay.load_experiment(ROUNDS), "tuned", store=Path(STORE), runs=Path(RUNS))


drawn = draw()
accepted = {question.text: question.answers for question in asked}


def likeness(question, answer):
    """F1 between the words of an answer and those of the house's own answer."""
    return f1(answer, accepted[question], True)


print(f"{len(drawn)} questions got different answers, for example:\n")
for row in drawn[::25]:
    print(row.question, "->", accepted[row.question][0])
    for answer in row.answers:
        print(f"   {likeness(row.question, answer):.2f}  {answer}")

# %% [markdown]
# ## 2. People
#
# A verdict is a line in a file: an answer with a score, or one answer *preferred* to another. Comparing is easier for
# people than grading: who knows whether an answer deserves a 6 or a 7? But most can say which of two is better.
#
# ### Exercise 1: you are the reviewer
# Here are four questions. For each, write the numbers of the best and the worst answer, as in `"2 1"`; the best alone,
# as in `"2"`; or `"s"` to skip a question whose answers are equally good.

# %%
mine = [row for row in drawn if len(row.answers) > 2][:: max(1, len(drawn) // 4)][:4]
for row in mine:
    print(f"\n{row.question}\n   the house says: {accepted[row.question][0]}")
    for number, answer in enumerate(row.answers, 1):
        print(f"   {number}  {answer}")

# %% tags=["blank"] exercise="1"
typed = ["...", "...", "...", "..."]

# %% tags=["solution"] exercise="1"
# solution
typed = []
for row in mine:
    liked = sorted(range(len(row.answers)), key=lambda place: likeness(row.question, row.answers[place]))
    typed.append(f"{liked[-1] + 1} {liked[0] + 1}")

# %% tags=["check"] exercise="1"
assert len(typed) == len(mine), f"One entry for each of the {len(mine)} questions, please."
assert "..." not in typed, 'Still to decide: replace each "..." by two numbers (best, worst), one number, or s.'
for row, said in zip(mine, typed, strict=True):
    numbers = [int(part) for part in said.split()] if re.fullmatch(r"\d+( \d+)?", said) else []
    assert said == "s" or numbers, f"{said!r} cannot be read: two numbers, one number, or s."
    assert all(1 <= n <= len(row.answers) for n in numbers), f"{said!r}: there are {len(row.answers)} answers."
    assert len(set(numbers)) == len(numbers), f"{said!r}: an answer cannot be better than itself."
MINE = DESK / "mine.jsonl"
MINE.unlink(missing_ok=True)
replies = iter([*typed, "q"])
decided = review(mine, MINE, by="me", show=lambda text: None, read=lambda prompt: next(replies))
print(f"Well done: {decided} questions decided. The file of verdicts begins:")
print(MINE.read_text(encoding="utf-8")[:400] if MINE.exists() else "(nothing; you skipped all)")

# %% [markdown]
# With `read` left out, `review(mine, MINE, by="me")` asks under the cell and keeps the minutes that you took; in a
# terminal it is `assay feedback review`. Minutes are money: they reach the cost ledger of what is tuned on them.
#
# ### Two colleagues
# Now imagine two people who judge everything. **Ann** has the rule book open: she likes what is nearer to the house's
# answer. **Ben** is in a hurry and likes what *looks* complete: the longer one. (We play both by rule. Real Bens are
# common, and are called annotators under time pressure.) Both compare the first two answers of each question:

# %%
pairs = [(row.question, *row.answers[:2]) for row in drawn]


def compare(a, b):
    """``a``, ``b`` or ``tie``: which of two numbers is greater."""
    return "tie" if a == b else "a" if a > b else "b"


ann = [compare(likeness(question, a), likeness(question, b)) for question, a, b in pairs]
ben = [compare(len(a), len(b)) for _, a, b in pairs]
pd.crosstab(pd.Series(ann, name="Ann says"), pd.Series(ben, name="Ben says"))

# %% [markdown]
# ### Exercise 2: do they agree?
# Two people who toss coins agree on half of all cases. **Cohen's kappa** takes chance out:
#
# $$ \kappa = \frac{p_o - p_e}{1 - p_e} $$
#
# where $p_o$ is the share of cases in which they agree, and $p_e$ the share they would agree on by chance: over all
# labels, the share of the label with the first times its share with the second, summed. (`list.count` counts.)


# %% tags=["blank"] exercise="2"
def kappa(one, other):
    """Cohen's kappa of two lists of labels."""
    observed = ...
    chance = ...
    return (observed - chance) / (1 - chance)


# %% tags=["solution"] exercise="2"
# solution
def kappa(one, other):
    """Cohen's kappa of two lists of labels."""
    n = len(one)
    observed = sum(a == b for a, b in zip(one, other, strict=True)) / n
    chance = sum(one.count(label) / n * other.count(label) / n for label in {*one, *other})
    return (observed - chance) / (1 - chance)


# %% tags=["check"] exercise="2"
try:
    tried = kappa(["a", "b"], ["a", "b"])
except TypeError as error:
    raise AssertionError("Fill both blanks of kappa: the share they agree on, and the share by chance.") from error
assert tried == 1, "Two people of one opinion: kappa is 1."
assert abs(kappa(["a", "a", "b", "b"], ["a", "b", "a", "b"])) < 1e-12, "Half agree, half would by chance: kappa is 0."
tried = kappa(["a", "a", "a", "b"], ["a", "a", "b", "b"])
assert abs(tried - 0.5) < 1e-12, f"3 of 4 agree; by chance 3/4 * 2/4 + 1/4 * 2/4 = 1/2; so 1/2, not {tried:.3f}."
print(f"Well done. Ann and Ben: kappa {kappa(ann, ben):.2f}, on {len(ann)} pairs of answers.")

# %% [markdown]
# Near 1 they see the same thing, near 0 one of them might as well toss a coin, below 0 they contradict each other.
# Three things follow from a low kappa:
#
# - **The verdicts contradict.** A model is told that A is better and that B is. What is learnt is noise, or whoever
#   judged more.
# - **No judge can be better than the measure.** A machine that agrees with Ben fully agrees with Ann as badly as Ben.
# - **It is mostly the question that is wrong.** Ask both "which is *better*?" and each answers a question of their own.
#   Write down what better means, with examples, and measure kappa again before you collect a thousand verdicts.

# %% [markdown]
# ### From MLflow
# People who use a system will not open your notebook. Any program that traces its questions and answers with MLflow
# collects verdicts beside them: a thumb in a chat window becomes an *assessment* of a trace. We send some answers as
# traces, play a user who presses thumbs, and read them back. (`assay ui` shows them in a browser, with buttons.)

# %%
TRACKING = f"sqlite:///{RUNS}/mlflow.db"
sample = drawn[:3]
count = send_answers(sample, "lab-04-feedback", TRACKING)
mlflow.set_tracking_uri(TRACKING)
place = mlflow.get_experiment_by_name("lab-04-feedback").experiment_id
for trace in mlflow.search_traces(locations=[place], return_type="list"):
    span = trace.data.spans[0]
    if not trace.info.assessments:
        mlflow.log_feedback(
            trace_id=trace.info.trace_id,
            name="better",
            value=likeness(span.inputs["question"], span.outputs["answer"]) > 0.5,
            source=AssessmentSource(source_type="HUMAN", source_id="cleo"),
            metadata={"minutes": "0.1"},
        )
thumbs = read_traces("lab-04-feedback", TRACKING).feedback
print(f"{count} traces sent, {len(thumbs)} verdicts came back")
pd.DataFrame({"question": t.question, "answer": t.answer, "score": t.score, "by": t.by} for t in thumbs[-count:])

# %% [markdown]
# Verdicts end in a *file* (`assay feedback fetch` writes it), whatever their way there. What was tuned must be tied to
# what it was tuned on; tomorrow's thumbs are another file.

# %% [markdown]
# ## 3. From verdicts to pairs
#
# Ann now scores *all* drawn answers, by likeness, and so does Ben, by length. Every third question is kept back: we
# shall want to know whether a model that was tuned on some verdicts does right by others.
#
# ### Exercise 3: best against worst
# From the scores of one question make a **preference pair**: the best answer and the worst, `(chosen, rejected)`. Where
# all scores are equal there is nothing to learn: return `None`. `scores` is a dictionary from answer to score.


# %% tags=["blank"] exercise="3"
def preference_pair(scores):
    """The best and the worst answer, or None where all are equally good."""
    if ...:
        return None
    return ...


# %% tags=["solution"] exercise="3"
# solution
def preference_pair(scores):
    """The best and the worst answer, or None where all are equally good."""
    if max(scores.values()) == min(scores.values()):
        return None
    return max(scores, key=scores.get), min(scores, key=scores.get)


# %%
taught, kept_back = [row for place, row in enumerate(drawn) if place % 3], drawn[::3]


def verdicts(rows, score, by):
    """A line for each answer, with what ``score(question, answer)`` says of it."""
    return [
        {"question": row.question, "answer": answer, "score": score(row.question, answer), "by": by}
        for row in rows
        for answer in row.answers
    ]


def length(question, answer):
    """Characters of an answer."""
    return float(len(answer))


stray = next(question for question in asked if split.get(question.id) == "test")
from_the_log = [{"question": stray.text, "preferred": stray.answers[0], "rejected": "unknown", "by": "ann"}]
ANN = as_jsonl(DESK / "ann.jsonl", verdicts(taught, likeness, "ann") + from_the_log)
BEN = as_jsonl(DESK / "ben.jsonl", verdicts(taught, length, "ben"))
EXPERIMENT = BASICS | {
    "name": "lab-04-dpo",
    "forgetting": {"questions": 0},
    "configurations": [
        {"id": "sft", "arm": "lora"},
        {"id": "dpo_ann", "arm": "lora", "preference": DPO | {"feedback": {"kind": "file", "path": ANN}}},
        {"id": "dpo_ben", "arm": "lora", "preference": DPO | {"feedback": {"kind": "file", "path": BEN}}},
    ],
    "contrasts": [["dpo_ann", "sft"], ["dpo_ben", "sft"], ["dpo_ann", "dpo_ben"]],
}


def stages_of(experiment, progress=None):
    """An experiment's configurations by id, and its stages over our store."""
    loaded = assay.load_experiment(experiment)
    return {one.id: one for one in loaded.configurations}, Stages(loaded, Store(Path(STORE)), progress or Progress())


def judged(experiment, name, stream=""):
    """The preference pairs of a configuration, and the card that says what was left out."""
    configurations, stages = stages_of(experiment)
    one, preferences = configurations[name], Preferences(stages)
    supervised = stages.tuning.adapter(one.model_copy(update={"id": "supervised", "preference": None}), 0)
    folder = preferences.pairs(one, preferences.start(0, supervised, stream)).folder
    pairs, card = (json.loads((folder / name).read_text(encoding="utf-8")) for name in ("pairs.json", "card.json"))
    return [PreferencePair(**pair) for pair in pairs], card


pairs_of_ann, card = judged(EXPERIMENT, "dpo_ann")
print(json.dumps(card, indent=1))

# %% tags=["check"] exercise="3"
assert preference_pair({"x": 1.0, "y": 0.0}) is not ..., "preference_pair still returns ...: (best, worst)."
assert preference_pair({"x": 0.5, "y": 0.5}) is None, "Two answers of equal score give no pair: return None."
assert preference_pair({"x": 0.2, "y": 0.9, "z": 0.0}) == ("y", "z"), "The best is y, the worst z: ('y', 'z')."
scored = [{" ".join(one.split()): likeness(row.question, one) for one in row.answers} for row in taught]
own = sum(preference_pair(scores) is not None for scores in scored)
assert own == len(pairs_of_ann), f"You make {own} pairs of Ann's verdicts, Assay {len(pairs_of_ann)}."
print(f"Well done: {own} pairs, and Assay makes as many. Two of them:")
for pair in pairs_of_ann[:: max(1, len(pairs_of_ann) - 1)][:2]:
    print(f"{pair.prompt.strip()}\n   chosen:   {pair.chosen.strip()}\n   rejected: {pair.rejected.strip()}")

# %% [markdown]
# Read the card. `questions that tie` gave nothing: their answers are all equally right, or, more often with a small
# model, equally wrong. Best-against-worst can only teach what the model *already does now and then*.
#
# `verdicts on questions of dev or test` counts one: somebody copied it from the log of the running system, where a
# person had asked what our exam asks. Feedback is training data, and leaks like training data. The guard compares every
# question with dev and test as lab 03 showed, and as there, a question in quite other words gets through.

# %% [markdown]
# ## 4. Machines as judges
#
# People are slow and dear. What can stand in for them?
#
# | `feedback` | says | trust it as far as |
# |---|---|---|
# | `{kind: reference}` | likeness to a known right answer | somebody wrote that answer, and likeness means quality |
# | `{kind: judge, llm: ...}` | grade by a language model that sees the right answer | its measured kappa with people |
# | `{kind: reward_model, learn_from: ...}` | score by a model trained on verdicts | its accuracy on others |
# | `{kind: file, path: ...}` | what people, or a program of yours, said | see kappa |
#
# Where there is no right answer, a language model can be shown two answers and asked which is better. Ours is the
# embedded one, far too small for the post, and we do not take its word: we read the *probabilities* with which it would
# go on with `A` and with `B`. The **log-odds** are their logarithms' difference: above 0 it leans to A, below 0 to B.
# Ann's pairs serve as an exam, since we know which answer she chose; a coin decides which of the two is shown first.

# %%
ASK = "Question: {question}\nAnswer A: {a}\nAnswer B: {b}\nThe better answer is answer"
model = language_models.build(language_models.parse("embedded"))


def log_odds(cases):
    """How much the judge leans to the answer shown first, for (question, first answer, second answer)."""
    prompts = [ASK.format(question=question, a=a, b=b) for question, a, b in cases]
    scored = model.log_probabilities([(prompt, letter) for prompt in prompts for letter in (" A", " B")])
    said = [sum(token.log_probability for token in tokens) for tokens in scored]
    return np.subtract(said[::2], said[1::2])


coin = Random(0)
exam = []  # (question, first answer, second answer, which of them Ann chose)
for pair in pairs_of_ann[:24]:
    chosen, rejected = pair.chosen.strip(), pair.rejected.strip()
    exam.append((pair.question, *((chosen, rejected, "a") if coin.random() < 0.5 else (rejected, chosen, "b"))))
one_way = log_odds([(question, a, b) for question, a, b, _ in exam])
other_way = log_odds([(question, b, a) for question, a, b, _ in exam])
figure, axes = plt.subplots(figsize=(5, 4.2))
reach = 1.1 * max(np.abs(one_way).max(), np.abs(other_way).max())
axes.axhspan(0, reach, 0.5, 1, color=ORANGE, alpha=0.12)
axes.axhspan(-reach, 0, 0, 0.5, color=ORANGE, alpha=0.12)
axes.plot(one_way, other_way, "o", color=BLUE, alpha=0.6)
axes.set(xlim=(-reach, reach), ylim=(-reach, reach), xlabel="log-odds for the first place, in one order",
         ylabel="... with the answers exchanged", title="Shaded: the same place wins in both orders")  # fmt: skip
plt.show()

# %% [markdown]
# A judge that reads answers would change its mind about the *place* when the answers change places: its points would
# lie in the white corners. Points in the shaded corners are answered by place. That is **position bias**; large models
# have it too (Zheng et al. 2023), only less.
#
# ### Exercise 4: ask in both orders
# Write the verdict of a judge that was asked in both orders. An answer wins only where it wins in both; else `tie`.
# `first` are the log-odds for the first place when a is shown first, `second` when b is.


# %% tags=["blank"] exercise="4"
def both_orders(first, second):
    """``a``, ``b`` or ``tie``: what the judge says in both orders."""
    if ...:
        return "a"
    if ...:
        return "b"
    return "tie"


# %% tags=["solution"] exercise="4"
# solution
def both_orders(first, second):
    """``a``, ``b`` or ``tie``: what the judge says in both orders."""
    if first > 0 and second < 0:
        return "a"
    if first < 0 and second > 0:
        return "b"
    return "tie"


# %%
truth = [chosen for *_, chosen in exam]
by_ways = {
    "one order alone": ["a" if one > 0 else "b" for one in one_way],
    "mean of both orders": ["a" if one > other else "b" for one, other in zip(one_way, other_way, strict=True)],
    "the longer answer": [compare(len(a), len(b)) for _, a, b, _ in exam],
}

# %% tags=["check"] exercise="4"
assert both_orders(-1.0, 2.0) != "a", "Both conditions are still ..., or b's is missing: b wins below 0, then above."
assert both_orders(2.0, -1.0) == "a", "Shown first a wins (2.0), and shown second as well (-1.0): a."
assert both_orders(-2.0, 1.0) == "b", "Shown second b wins (-2.0), and shown first as well (1.0): b."
assert both_orders(2.0, 1.0) == "tie", "The first place wins in both orders: tie."
assert both_orders(-2.0, -1.0) == "tie", "The second place wins in both orders: tie."
agreed = [both_orders(one, other) for one, other in zip(one_way, other_way, strict=True)]
print(f"Well done. In {agreed.count('tie')} of {len(exam)} pairs the judge's verdict turns with the order.")
pd.DataFrame({
    way: {"says a": said.count("a"), "says b": said.count("b"), "tie": said.count("tie"),
          "says what Ann chose": np.mean([one == other for one, other in zip(said, truth, strict=True)])}
    for way, said in {**by_ways, "both orders agree": agreed}.items()
}).T.style.format("{:.0f}").format("{:.2f}", subset=["says what Ann chose"])  # fmt: skip

# %% [markdown]
# The mean of both orders takes a constant liking for a place out, and forces a verdict; what is left is what the judge
# thinks of the *answers*. Compare it with the coin (0.50) and with the last competitor, who does not read at all but
# takes the longer answer. If a rule that only counts letters does as well as a judge, the judge must not be paid.
#
# Assay measures any judge in this way: `preference_agreement` asks each pair in both orders and gives kappa with its
# interval. A judge is a language model, or any function from a prompt to a text; this one always says A:

# %%
rows = [PreferenceRow(instruction=question, answer_a=a, answer_b=b, label=said) for question, a, b, said in exam]
lazy = preference_agreement(judge_from(lambda prompt: "A", name="always A"), rows)
kappa = lazy.agreement.value if lazy.agreement else math.nan  # with few rows there is none to give
print(f"{lazy.judge}: {lazy.flipped} of {lazy.rows} verdicts turn with the order, kappa {kappa:.2f}")

# %% [markdown]
# The judge that Assay uses as feedback avoids the question of order: it grades *one* answer at a time, beside the right
# one. Its other biases stay: for length, for its own style, for whoever sounds sure.

# %% [markdown]
# ## 5. DPO
#
# We have pairs. How does a model learn from them? One way trains a model of rewards and then a policy against it
# (RLHF). **Direct preference optimisation** (Rafailov et al. 2023) does it in one step, like supervised tuning. Let
# $\pi(y)$ be the probability that the model gives an answer $y$, and $\pi_0(y)$ what the adapter gave it *before*. The
# **reward** of an answer is by how much it became likelier, and the loss of a pair is small where the chosen answer
# $w$ gained more than the rejected one $l$:
#
# $$ r(y) = \beta \log \frac{\pi(y)}{\pi_0(y)} \qquad \text{loss} = -\log \sigma\big(r(w) - r(l)\big) $$
#
# $\sigma(x) = 1 / (1 + e^{-x})$; the difference of the rewards is the **margin**. $\beta$ holds the model to the one
# before: with a large $\beta$ little change makes the loss small.
#
# ### Exercise 5: the loss by hand
# The four arguments are log-probabilities of whole answers: $\log \pi(w)$, $\log \pi(l)$, $\log \pi_0(w)$,
# $\log \pi_0(l)$.


# %% tags=["blank"] exercise="5"
def dpo_loss(chosen, rejected, chosen_before, rejected_before, beta=0.1):
    """DPO's loss of one pair."""
    margin = ...
    return ...


# %% tags=["solution"] exercise="5"
# solution
def dpo_loss(chosen, rejected, chosen_before, rejected_before, beta=0.1):
    """DPO's loss of one pair."""
    margin = beta * ((chosen - chosen_before) - (rejected - rejected_before))
    return math.log(1 + math.exp(-margin))


# %% tags=["check"] exercise="5"
assert dpo_loss(-5, -5, -5, -5) is not ..., "dpo_loss still returns ...: -log sigma(margin) = log(1 + exp(-margin))."
assert np.isclose(dpo_loss(-5, -9, -5, -9), math.log(2)), "Before the first step margins are 0, so the loss is log 2."
assert np.isclose(dpo_loss(-5, -9, -6, -8), math.log(1 + math.exp(-0.2))), (
    "The chosen answer gained 1, the rejected lost 1, beta is 0.1: the margin is 0.2."
)
falling = dpo_loss(-8, -20, -5, -9)
assert np.isclose(falling, math.log(1 + math.exp(-0.8))), "Chosen lost 3, rejected lost 11: the margin is 0.8."
print(f"Well done. Every run begins at log 2 = {math.log(2):.3f}. The last case: it fell to {falling:.3f}")
print("though the CHOSEN answer became less likely. DPO asks for a difference, not for a good answer.")

# %% [markdown]
# ## 6. Tune, and watch rewards
#
# Two adapters, one by Ann's verdicts and one by Ben's, from the same start. This cell is slow the first time.


# %%
class Recorder(Progress):
    """Progress that shows nothing and keeps the loss of every step."""

    @contextmanager
    def training(self, name):
        self.losses = []
        with super().training(name):
            yield lambda step, steps, loss: self.losses.append(loss)


def tune(name):
    """The folder of an adapter, tuned where the store lacks it, and the loss of every step."""
    recorder, kept = Recorder(), Path(RUNS, f"lab-04-loss-{name}.json")
    configurations, stages = stages_of(EXPERIMENT, recorder)
    folder = stages.tuning.adapter(configurations[name], 0).folder
    if hasattr(recorder, "losses"):
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(recorder.losses))
    return folder, json.loads(kept.read_text()) if kept.exists() else []


adapters = {name: tune(name) for name in ("sft", "dpo_ann", "dpo_ben")}


def answer_log_probabilities(folder, prompts_and_answers):
    """The log-probability of each answer after its prompt, under the base model with the adapter in ``folder``."""
    network, tokenizer = model.trainable()
    network = PeftModel.from_pretrained(network, folder).eval()
    found = []
    for prompt, answer in prompts_and_answers:
        start, ids = len(tokenizer(prompt)["input_ids"]), torch.tensor([tokenizer(prompt + answer)["input_ids"]])
        with torch.inference_mode():
            given = network(ids).logits[0, :-1].float().log_softmax(-1)
        found.append(float(given.gather(1, ids[0, 1:, None])[start - 1 :].sum()))
    return np.array(found)


kept_back_by_ann = make_pairs([Feedback(**line) for line in verdicts(kept_back, likeness, "ann")], {}).pairs
seen = {"tuned on": pairs_of_ann[:16], "kept back": kept_back_by_ann}
texts = [(p.prompt, side) for some in seen.values() for p in some for side in (p.chosen, p.rejected)]
log_p = {name: answer_log_probabilities(folder, texts) for name, (folder, _) in adapters.items()}
rewards, groups = {}, np.repeat(list(seen), [len(some) for some in seen.values()])
for name in ("dpo_ann", "dpo_ben"):
    gain = 0.1 * (log_p[name] - log_p["sft"])
    rewards[name] = pd.DataFrame({"pairs": groups, "chosen": gain[::2], "rejected": gain[1::2]})
    rewards[name]["margin"] = rewards[name].chosen - rewards[name].rejected

# %%
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 3.6))
for name, colour in (("dpo_ann", BLUE), ("dpo_ben", ORANGE)):
    left.plot(adapters[name][1], color=colour, label=name)
left.axhline(math.log(2), color=GREY, ls=":")
left.set(xlabel="step", ylabel="loss", title="Loss (dotted: log 2)", ylim=(0, None))
left.legend(frameon=False)
reach = 1.1 * max(frame[["chosen", "rejected"]].abs().to_numpy().max() for frame in rewards.values())
for axes, (name, frame) in zip((middle, right), rewards.items(), strict=True):
    for (group, some), colour in zip(frame.groupby("pairs", sort=False), (BLUE, GREEN), strict=True):
        axes.plot(some.rejected, some.chosen, "o", color=colour, alpha=0.6, label=group)
    axes.plot([-reach, reach], [-reach, reach], color=GREY, lw=0.8)
    axes.axhline(0, color=GREY, ls=":")
    axes.set(xlabel="reward of the rejected answer", title=f"{name}, on Ann's pairs", xlim=(-reach, reach),
             ylim=(-reach, reach))  # fmt: skip
middle.set_ylabel("reward of the chosen answer")
middle.legend(frameon=False, fontsize=8, loc="lower right")
figure.tight_layout()
plt.show()
pd.DataFrame({
    (name, group): {"pairs": len(some), "reward of chosen": some.chosen.mean(), "of rejected": some.rejected.mean(),
                    "margin": some.margin.mean(), "margin above 0": (some.margin > 0).mean()}
    for name, frame in rewards.items()
    for group, some in frame.groupby("pairs", sort=False)
}).T  # fmt: skip

# %% [markdown]
# How to read it:
#
# - A point **above the diagonal** is a pair in the right order: its margin is above 0. The share of such points is
#   DPO's own "accuracy", and on the pairs it was tuned on it says little more than that the lessons were read. Look at
#   the pairs that were kept back.
# - A point **below the dotted line** is a chosen answer that became *less* likely. The probability went elsewhere, to
#   answers in neither place. `sft_weight` adds a supervised loss on the chosen answers and pulls these points up; a
#   larger `beta` holds everything together.
# - `dpo_ben` was never told what is right. Where its points on Ann's pairs scatter around the diagonal, Ben's verdicts
#   taught nothing of what Ann wants.

# %% [markdown]
# ## 7. Is it better?
#
# Rewards are the model's own book-keeping. The exam is another matter: questions that nobody gave feedback on.

# %%
finished = assay.run(EXPERIMENT, store=STORE, runs=RUNS, tracking=False, progress=False)
results, answers = finished.results, finished.per_question
answers["characters"] = answers.answer.str.len()
lengths = answers.groupby("configuration").characters.mean()
print(f"The house's own answers have {np.mean([len(q.answers[0]) for q in evaluated]):.0f} characters on average.")
pd.DataFrame({
    c.id: {"F1": c.metrics["f1"].mean, "low": c.metrics["f1"].low, "high": c.metrics["f1"].high,
           "characters of an answer": lengths[c.id], **{kind: c.tracks[kind]["f1"].mean for kind in TASKS}}
    for c in results.configurations
}).T  # fmt: skip

# %% [markdown]
# Compare the lengths. Nobody told a model to write more; Ben only *chose* the longest answer, each time for a good
# reason as he thought. **Length bias** is the commonest way in which feedback goes wrong, with people and with judges
# (Singhal et al. 2023), and it looks like progress: a judge who likes long answers will confirm that the new model is
# better. That is why the exam is scored by something that the feedback did not use. (Is it, for `dpo_ann`? Ann's taste
# *is* F1. With people in her place, F1 on dev and test would be a check from outside. Here it is only a fresh set of
# questions.)
#
# Now the paired differences, with intervals that hold for all three at once:

# %%
table = {}
for one in results.comparisons:
    said = {"a": f"{one.a} is better", "b": f"{one.b} is better"}.get(one.verdict, one.verdict)
    table[f"{one.a} - {one.b}"] = {
        "difference": one.delta, "low": one.low, "high": one.high, "verdict": said,
        "smallest difference it could show": one.minimum_detectable,
    }  # fmt: skip
pd.DataFrame(table).T

# %% [markdown]
# `undecided` is no failure of the method and no proof of its opposite. The last column is the **minimum detectable
# difference**: what the truth would have to be for this exam to show it four times out of five.
#
# ### Exercise 6: how large an exam?
# Standard errors shrink with the square root of the number of questions, and the minimum detectable difference with
# them. You asked `questions` and could show `detectable`. How many must you ask to show `gap`? Round up.


# %% tags=["blank"] exercise="6"
def questions_to_show(gap, questions, detectable):
    """Questions from which on a difference of ``gap`` is shown four times out of five."""
    return ...


# %% tags=["solution"] exercise="6"
# solution
def questions_to_show(gap, questions, detectable):
    """Questions from which on a difference of ``gap`` is shown four times out of five."""
    return math.ceil(questions * (detectable / gap) ** 2)


# %% tags=["check"] exercise="6"
asked_of_test = len(answers.question_id.unique())
tried = questions_to_show(0.1, 36, 0.2)
assert tried is not ..., "questions_to_show still returns ...."
assert tried == 144, f"Half the difference takes four times the questions: 144, not {tried}."
assert questions_to_show(0.02, 36, 0.2) == 3600, "36 * (0.2 / 0.02) ** 2 is 3600."
print(f"Well done. {asked_of_test} questions were asked here; it would take")
pd.DataFrame({
    f"{one.a} - {one.b}": {
        "to show what was seen": questions_to_show(abs(one.delta), asked_of_test, one.minimum_detectable)
        if one.delta else np.inf,
        **{f"to show {gap}": questions_to_show(gap, asked_of_test, one.minimum_detectable)
           for gap in (0.1, 0.05, results.comparisons[0].margin)},
    }
    for one in results.comparisons
}).T.style.format("{:,.0f}")  # fmt: skip

# %% [markdown]
# Preference tuning moves answers a little, on some questions. Little differences need large exams; a few dozen
# questions can show that something *broke*, and seldom that it improved. Remember it when somebody reports a gain of
# two points on fifty questions. (And `to show what was seen` takes the difference at its word, which was estimated from
# the same questions. Plan with a difference that would matter to you, not with the one you saw.)

# %% [markdown]
# ### A model of rewards
# Ann cannot judge every answer. Can a model learn her taste from a few verdicts and judge the rest? A **reward model**
# is the same language model with one number at its end instead of a next token. It is trained on pairs, the loss is
# $-\log \sigma(r(w) - r(l))$ as above (Bradley and Terry 1952), and a fifth of the questions are held out to see how
# often it puts a pair in the right order.

# %%
LEARNT = {"kind": "reward_model", "learn_from": {"kind": "file", "path": ANN}, "epochs": 1, **SAMPLING}
REWARDED = EXPERIMENT | {
    "configurations": [{"id": "learnt", "arm": "lora", "preference": DPO | {"feedback": LEARNT}}],
    "contrasts": [],
}
pairs_of_model, card_of_model = judged(REWARDED, "learnt", "round 1")
measures = card_of_model["measures"]
held, accuracy = int(measures["reward_model_held_out_pairs"]), measures["reward_model_accuracy"]
trained = int(measures["reward_model_training_pairs"])
print(f"trained on {trained} pairs, right on {accuracy * held:.0f} of {held} others")
print(f"and now it makes {len(pairs_of_model)} pairs where Ann's verdicts made {len(pairs_of_ann)}")

# %% [markdown]
# ### Exercise 7: or was it luck?
# A model that tosses coins is right on each pair with probability 1/2. How likely is it to get **at least** `right` of
# `pairs`? Sum $\binom{n}{k} / 2^n$ over $k$ from `right` to `pairs`. (`math.comb(n, k)` is $\binom{n}{k}$.)


# %% tags=["blank"] exercise="7"
def by_luck(right, pairs):
    """The probability that coins put at least ``right`` of ``pairs`` pairs in the right order."""
    return ...


# %% tags=["solution"] exercise="7"
# solution
def by_luck(right, pairs):
    """The probability that coins put at least ``right`` of ``pairs`` pairs in the right order."""
    return sum(math.comb(pairs, k) for k in range(right, pairs + 1)) / 2**pairs


# %% tags=["check"] exercise="7"
tried = by_luck(4, 4)
assert tried is not ..., "by_luck still returns ...."
assert tried == 1 / 16, f"Four of four by luck: 1/16, not {tried}."
assert by_luck(3, 4) == 5 / 16, "At least three of four: (4 + 1) / 16. Do you count four of four as well?"
assert by_luck(0, 4) == 1, "At least none of four is certain: 1."
print(f"Well done. {accuracy * held:.0f} of {held} or better, by luck: {by_luck(round(accuracy * held), held):.3f}")
print("Pairs that coins order rightly once in twenty times or less:")
pd.Series({f"{n} pairs": next(k for k in range(n + 1) if by_luck(k, n) <= 0.05) for n in (5, 10, 20, 50, 100)},
          name="at least so many right")  # fmt: skip

# %% [markdown]
# A reward model hardly ever gives two answers the same score, so it finds a best and a worst *everywhere*, also where
# all answers are wrong. More pairs are not more knowledge. Before you tune on its verdicts, look at its accuracy, at
# the number of pairs behind it, and at what it likes: sort its scores by length.

# %% [markdown]
# ## 8. Round after round
#
# The adapter has changed, so its answers have changed, and Ann's verdicts are about answers that it no longer gives.
# Feedback therefore comes in **rounds**: draw answers with the adapter of today, collect verdicts, tune from that
# adapter, ask dev, go on. Every round can do harm: a bad batch of verdicts, a bug in the form, a judge who was replaced
# by a cheaper one. So each must pass a **gate** before it may stay:
#
# - it is *rolled back* where it is **shown worse** than the adapter that it would replace, on dev, or on fifty
#   questions from outside the domain (what did it forget?);
# - otherwise it is kept, or, more strictly (`only_better=True`), only where it is **shown better** on dev.
#
# ### Exercise 8: the gate
# `dev` and `outside` are the 95 % intervals `(low, high)` of *candidate minus current*. Shown worse means that the
# whole interval lies below 0, shown better that it lies above. Return whether the round is kept.


# %% tags=["blank"] exercise="8"
def keep(dev, outside, only_better=False):
    """Whether the gate lets a round pass."""
    if ...:
        return False
    return ...


# %% tags=["solution"] exercise="8"
# solution
def keep(dev, outside, only_better=False):
    """Whether the gate lets a round pass."""
    if dev[1] < 0 or outside[1] < 0:
        return False
    return dev[0] > 0 or not only_better


# %% tags=["check"] exercise="8"
assert keep((-0.3, 0.4), (-0.1, 0.1)) is not False, "Undecided in both places is not shown worse: keep it."
assert keep((-0.3, 0.4), (-0.1, 0.1)) is True, "Return True or False from both lines."
assert keep((-0.4, -0.1), (-0.1, 0.1)) is False, "The whole interval on dev lies below 0: shown worse, roll back."
assert keep((0.1, 0.4), (-0.2, -0.1)) is False, "Better on dev, but shown worse outside the domain: roll back."
assert keep((-0.3, 0.4), (-0.1, 0.1), only_better=True) is False, "With only_better, undecided on dev is not enough."
assert keep((0.1, 0.4), (-0.1, 0.1), only_better=True) is True, "Shown better on dev and not worse outside: keep it."
print("Well done. The two gates are for two kinds of trouble: a gate that asks 'not shown worse' lets small harm pass,")
print("one that asks 'shown better' throws most rounds away, good ones too. Which error costs you more?")

# %% [markdown]
# ### A round
# Round 1 draws its answers (they are those from above) and scores them by likeness to the accepted answers of the
# *training* questions. This is the slowest cell of the lab. MLflow keeps the books.

# %%
first = assay.run_rounds(ROUNDS, "tuned", 1, store=STORE, runs=RUNS, progress=False)
display(Markdown((first.folder / "rounds.md").read_text(encoding="utf-8")))

# %% [markdown]
# With so few questions, `undecided` and *kept* is the usual outcome, and the sentence below the table says how much
# harm could have slipped through. A gate is as sharp as its dev split.
#
# ### A bad round
# The next release of the feedback form has a bug: two columns are exchanged. Reviewers see the model's answers beside
# the house's own, they judge well, and every verdict is saved **the wrong way round**. Nobody notices; there are more
# verdicts than ever. Between rounds only the feedback may change, and that it does:

# %%
drawn_again = draw()
with_the_houses = [
    row.model_copy(update={"answers": (*row.answers, accepted[row.question][0])}) for row in drawn_again[:40]
]
SWAPPED = as_jsonl(
    DESK / "swapped.jsonl", verdicts(with_the_houses, lambda question, answer: 1 - likeness(question, answer), "form")
)
BROKEN = ROUNDS | {
    "configurations": [
        {"id": "tuned", "arm": "lora", "preference": DPO | {"feedback": {"kind": "file", "path": SWAPPED}}}
    ]
}
second = assay.run_rounds(BROKEN, "tuned", 2, store=STORE, runs=RUNS, progress=False)
for one in second.rounds.rounds:
    print(f"round {one.number}, from {one.start}, {one.pairs} pairs: {one.because}")
pd.DataFrame({
    (one.number, place): {"questions": found.questions, "current": found.current, "candidate": found.candidate,
                          "low": found.test.low, "high": found.test.high, "verdict": found.verdict}
    for one in second.rounds.rounds
    for place, found in (("dev", one.dev), ("outside the domain", one.forgetting))
    if found is not None
}).T  # fmt: skip

# %%
figure, axes = plt.subplots(figsize=(7, 2.8))
places = [
    (one, where, found)
    for one in second.rounds.rounds
    for where, found in (("dev", one.dev), ("outside the domain", one.forgetting))
    if found is not None
]
for height, (one, _, found) in enumerate(places):
    colour = BLUE if one.kept else ORANGE
    axes.plot([found.test.low, found.test.high], [height, height], color=colour, lw=2.5)
    axes.plot(found.test.delta, height, "o", color=colour, ms=8)
axes.axvline(0, color=GREY, ls=":")
axes.set_yticks(range(len(places)), [f"round {one.number}, {where}" for one, where, _ in places])
axes.invert_yaxis()
axes.set(xlabel="candidate minus current, F1 with 95 % interval", title="Blue: kept. Orange: rolled back")
plt.show()
print("kept in the end: round", second.rounds.kept)

# %% [markdown]
# The gate knows nothing of bugs, it asks questions; where round 2 is orange, they were enough. Ask yourself what else
# would have shown it: the card (how many pairs?), kappa with the reviewers of last week, thirty verdicts read by
# somebody who knows the house. And mind what would *not* have shown it: the loss. It says how well the lessons were
# learnt, not whether they were right.
#
# Had the harm been small, the gate would have let it pass: it refuses what is *shown* worse. Small harm adds up over
# many rounds. So the test split is asked once, at the end, for what is left against the adapter of round 0; and its
# questions are spent then. (This lab deleted the rounds when it started afresh, and with them the count of how often
# test was asked. You cannot delete what you have seen.)

# %%
test = second.rounds.test
if test is None:
    print("No round was kept, so round 0 stands and test was not asked.")
else:
    print(f"test, asked {second.rounds.tests} time(s): round {second.rounds.tested} {test.candidate:.2f}, "
          f"round 0 {test.current:.2f}, difference {test.test.delta:+.2f} ({test.test.low:+.2f} to "
          f"{test.test.high:+.2f}), {test.verdict}")  # fmt: skip

# %% [markdown]
# ### In MLflow
# Each round is a run, nested in the run of all rounds, with its scores, its verdict, what it cost and the fingerprint
# of its adapter: months later you can say which feedback made the model that answers today. (The first of the two
# parents below was logged after round 1, the second after round 2.)

# %%
logged = mlflow.search_runs(experiment_names=["lab-04-tuned-rounds"], order_by=["attributes.start_time ASC"])
shown = {"tags.mlflow.runName": "run", "params.round": "round", "params.feedback": "feedback", "params.kept": "kept",
         "metrics.pairs": "pairs", "metrics.dev.candidate": "dev", "metrics.forgetting.candidate": "outside",
         "tags.assay.because": "because"}  # fmt: skip
logged.reindex(columns=list(shown)).rename(columns=shown).astype(object).fillna("")

# %% [markdown]
# ## What you have done
#
# You judged answers, measured whether two judges see the same thing, read verdicts back from MLflow, made pairs of them
# and saw the guard take one out; you caught a judge that answers by place; you wrote DPO's loss, and looked behind it
# for rewards, for what was kept back and for lengths; you asked how large an exam a small gain needs; and you built a
# loop with a gate and fed it poison.
#
# **What you have not shown.** One small model, one seed, a few dozen questions, and reviewers made of rules. That loss,
# margin and exam are three different things holds for large models too; *whether* preferences help yours, and how many
# verdicts that takes, has to be measured.
#
# **Go on.** Draw answers of your own model with `assay feedback sample`, and let two people review the same fifty.
# Try `loss: ipo` (Azar et al. 2024), another `beta`, `sft_weight: 0.2`. Put a real judge into
# `feedback: {kind: judge, llm: {kind: openai, ...}}` and measure it in both orders first. Run
# `assay rounds configs/rounds.yaml --configuration lora-dpo --rounds 2` with people's verdicts between the rounds.
#
# **Further reading**
# - R. Rafailov et al., *Direct Preference Optimization: Your Language Model is Secretly a Reward Model*, NeurIPS 2023.
# - L. Ouyang et al., *Training Language Models to Follow Instructions with Human Feedback*, NeurIPS 2022.
# - M. Azar et al., *A General Theoretical Paradigm to Understand Learning from Human Preferences*, AISTATS 2024.
# - L. Zheng et al., *Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena*, NeurIPS 2023, for position bias.
# - P. Singhal et al., *A Long Way to Go: Investigating Length Correlations in RLHF*, 2023.
# - N. Razin et al., *Unintentional Unalignment: Likelihood Displacement in Direct Preference Optimization*, ICLR 2025.
# - R. Bradley and M. Terry, *Rank Analysis of Incomplete Block Designs*, Biometrika 39, 1952.
# - J. Cohen, *A Coefficient of Agreement for Nominal Scales*, 1960.
# - W. Hu et al., *Domain-Driven LLM Development: Insights into RAG and Fine-Tuning Practices*, tutorial, KDD 2024
#   (doi 10.1145/3637528.3671445), whose third part this lab follows.
# - In this project: `docs/feedback.md`, `docs/judging.md`, `docs/statistics.md`.
