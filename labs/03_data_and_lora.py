# ---
# # ruff: noqa: F811, F841, N803, N999
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Data and LoRA
#
# Fine-tuning is said to be about learning rates and ranks. Mostly it is about data: where the questions come from, who
# read them, whether the exam leaked into the lessons, and what the lessons can teach at all. In this lab you go the
# whole way once: from documents to questions, from questions to training data, from training data to an adapter, and
# from the adapter to a verdict.
#
# **You need** a laptop. No API key, no GPU and no network. Lab 01 comes first: this one takes F1, tracks, intervals and
# paired comparisons for granted.
#
# **It takes** about an hour and a half to read and do, of which the computer works about four minutes (two CPU cores).
#
# **The exercises** work as in lab 01: fill the blanks (`...`), run the check. Whoever gives one up can go on: no later
# cell needs it. What was measured is kept in a store on disk, so cells that ran once take seconds the next time.

# %%
import json
import math
import re
import shutil
import warnings
from contextlib import contextmanager
from pathlib import Path
from random import Random

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import display
from rich.console import Console
from safetensors.numpy import load_file

import assay
from assay.datasets import load_dataset
from assay.progress import Progress
from assay.stages import Stages
from assay.store import Store
from assay.training_card import training_card
from pipelines.errors import UserError

warnings.filterwarnings("ignore", category=FutureWarning)  # libraries talking to their own developers
warnings.filterwarnings("ignore", message="IProgress not found")
pd.options.display.max_colwidth = 110
pd.options.display.precision = 3
plt.rcParams |= {"figure.dpi": 100, "axes.spines.top": False, "axes.spines.right": False, "axes.titlelocation": "left"}
BASE, TUNED, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#999999"
STORE, RUNS, DESK = ".assay/store", "runs", Path("lab-03")

# %% [markdown]
# ## 1. From documents to questions
#
# A company has documents. It has no exam and no training pairs. We put ourselves in its place: thirty manuals and
# tables of the built-in company, as files in a folder.

# %%
world = load_dataset("builtin")
HANDBOOK, QUESTIONS = DESK / "handbook", DESK / "questions.jsonl"
for part in ("handbook", "prose"):
    shutil.rmtree(DESK / part, ignore_errors=True)
for document in [d for d in world.documents if d.id.startswith(("tables/", "manuals/"))][:30]:
    path = HANDBOOK / Path(document.id).with_suffix(".md")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document.text, encoding="utf-8")
for log in DESK.glob("*.review.jsonl"):
    log.unlink()  # a reviewed file is never drafted anew; this lab starts afresh

drafted = assay.draft_questions(HANDBOOK, QUESTIONS, llm=None, force=True, store=STORE, progress=False)
rows = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
print(dict(drafted.splits), dict(drafted.kinds))
pd.DataFrame(rows)[["split", "kind", "question", "answer"]].iloc[::9]

# %% [markdown]
# With `llm=None` no model wrote this. Two rules did: a cell of a table whose first column names the rows is a question
# with its answer, and so is a line such as `Weight: 3 kg`. The wording is wooden, the answers are right, and each
# question knows its **gold passage**, the place that answers it. The split goes *by passage*: all questions about one
# line or row stay together.
#
# Rules read no prose. For that somebody has to write, and the usual somebody is a language model. Here is what ours
# makes of two pages (it takes some seconds):

# %%
for name in ("policies/learning-budget", "policies/workshop-safety"):
    document = next(d for d in world.documents if d.id.startswith(name))
    path = DESK / "prose" / f"{Path(name).name}.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(document.text, encoding="utf-8")
written_by_model = []
try:
    attempt = assay.draft_questions(
        DESK / "prose", DESK / "written.jsonl", llm="embedded", force=True, store=STORE, progress=False
    )
    written_by_model = [json.loads(line) for line in attempt.path.read_text(encoding="utf-8").splitlines()]
    print("thrown away:", dict(attempt.dropped))
    print(f"{attempt.spent.prompt_tokens:,} tokens read, {attempt.spent.output_tokens:,} written")
except UserError as error:  # nothing was left
    print(error)
for row in written_by_model:
    print(f"\n{row['question']} -> {row['answer']}\n   {row['gold'][0]['text']!r}")

# %% [markdown]
# A model of 135 million weights is no credible writer, and the workbench does not pretend that it is: what it writes is
# **checked against the passage**, thrown away where it fails, and counted. A larger model passes more often; the check
# is the same.
#
# ### Exercise 1: the check
# A drafted question is usable where the answer **stands in the passage** as whole words (`12` does not stand in `120`),
# in whatever case, and where the question does **not hold its answer** already. Write it. `r"(?<!\w)"` and `r"(?!\w)"`
# mean "no letter or digit before" and "none after"; `re.escape(text)` makes any text a pattern.


# %% tags=["blank"] exercise="1"
def stands_in(answer, text):
    """Whether ``answer`` stands in ``text`` as whole words, in whatever case."""
    pattern = ...
    return re.search(pattern, text, re.IGNORECASE) is not None


def usable(question, answer, passage):
    """Whether the passage holds the answer and the question does not."""
    return ...


# %% tags=["solution"] exercise="1"
# solution
def stands_in(answer, text):
    """Whether ``answer`` stands in ``text`` as whole words, in whatever case."""
    pattern = r"(?<!\w)" + re.escape(answer) + r"(?!\w)"
    return re.search(pattern, text, re.IGNORECASE) is not None


def usable(question, answer, passage):
    """Whether the passage holds the answer and the question does not."""
    return stands_in(answer, passage) and not stands_in(answer, question)


# %% tags=["check"] exercise="1"
try:
    stands_in("12", "12 kg")
except TypeError as error:
    raise AssertionError("pattern is still ...: the escaped answer, with no word character on either side.") from error
assert stands_in("12", "It weighs 12 kg."), "12 stands in 'It weighs 12 kg.'"
assert not stands_in("12", "It weighs 120 kg."), "12 does not stand in '120': use (?<!\\w) before and (?!\\w) after."
assert stands_in("3.5 V", "at 3.5 v."), "The case does not matter, and a point is a point: re.escape."
assert not stands_in("3.5 V", "at 325 V"), "The point of 3.5 must not stand for any letter: re.escape(answer)."
assert usable("?", "x", "x") is not ..., "usable still returns ...."
assert usable("How heavy?", "12 kg", "It weighs 12 kg."), "This one is usable."
assert not usable("Who is Ida?", "Ida", "Ida leads."), "'Who is Ida?' holds its answer: not usable."
judged = [usable(row["question"], row["answer"], row["gold"][0]["text"]) for row in rows]
print(f"Well done. {sum(judged)} of the {len(rows)} drafted questions pass your check.")

# %% [markdown]
# The check proves that the answer *stands there*. It does not prove that the question asks for it, or that anybody
# would ever ask it. That takes a person.

# %% [markdown]
# ## 2. A person looks
#
# `assay.open_review` shows one question after the other, with the answer marked in its passage. In a terminal it is
# `assay data review questions.jsonl`. Test questions come first: a bad training pair teaches little, a bad test
# question lies to you.

# %%
REVIEWED = DESK / "reviewed.jsonl"
shutil.copy(QUESTIONS, REVIEWED)
REVIEWED.with_name("reviewed.review.jsonl").unlink(missing_ok=True)  # so that this cell can run twice
review = assay.open_review(REVIEWED)
display(review.show())
review.accept()
review.show()
review.reject("nobody would ask for this")
print(review.summary())

# %% [markdown]
# Rejected questions leave the file at once and stay in the log, with the reason. Minutes are kept as well: those spent
# on *training* questions are part of what tuning costs (`training_data: [{kind: pairs, reviewer_minutes: ...}]`), and
# as lab 01 showed, they usually cost more than the machine.
#
# ### Exercise 2: say it as a person would
# Nobody asks "What is given for ... in ...?". Write the question below as a technician would ask it. It must still say
# which code and which product it is about, and must not hold the answer.

# %%
wooden = next(r for r in rows if r["split"] == "test" and re.search(r"E-\d+", r["question"]))
print(wooden["question"], "->", wooden["answer"])

# %% tags=["blank"] exercise="2"
better = ...

# %% tags=["solution"] exercise="2"
# solution
code, subject = re.search(r"for (E-\d+) in ([^:?]+)", wooden["question"]).groups()
better = f"My {subject} shows {code} on its display. What does that tell me?"

# %% tags=["check"] exercise="2"
assert isinstance(better, str), "better is your wording, a text in quotation marks."
wanted = re.search(r"for (E-\d+) in ([^:?]+)", wooden["question"]).groups()
assert wanted[0].casefold() in better.casefold(), f"Your question does not say which code: {wanted[0]}."
named = re.sub(r"\W+", " ", better).casefold()
assert re.sub(r"\W+", " ", wanted[1]).casefold() in named, f"Your question does not say which product: {wanted[1]}."
assert wooden["answer"].casefold() not in better.casefold(), "Your question holds its answer."
assert not better.startswith("What is given for"), "Still wooden: put it as a person would say it."
trial = DESK / "trial.jsonl"
trial.write_text(json.dumps(wooden) + "\n", encoding="utf-8")
trial.with_name("trial.review.jsonl").unlink(missing_ok=True)
desk = assay.open_review(trial)
desk.edit(question=better)
print("Well done. The file now asks:", json.loads(trial.read_text(encoding="utf-8"))["question"])
print(desk.summary())

# %% [markdown]
# ## 3. Did the exam leak into the lessons?
#
# Before anything is tuned, the **leakage guard** holds every training question against every question of dev and test.
# Let us see what it says to the file as it was drafted:

# %%
HANDBOOK_EXPERIMENT = {
    "name": "lab-03-handbook",
    "dataset": {"kind": "folder", "documents": str(HANDBOOK), "questions": str(QUESTIONS)},
    "llm": {"kind": "embedded"},
    "configurations": [{"arm": "closed_book"}, {"arm": "lora"}],
}
try:
    assay.run(HANDBOOK_EXPERIMENT, store=STORE, runs=RUNS, tracking=False, progress=False)
except UserError as error:
    print(str(error)[:420], "...")

# %% [markdown]
# It refuses to run, and it is right. Nobody cheated: several manuals share their error codes, so the *same line* stands
# in many of them. The split went by passage, and yet a model that has read "E-28 in Tarn 3" in training has seen the
# answer to "E-28 in Tarn 5". In real collections this is the common case: templates, copied paragraphs, two versions of
# one contract.
#
# The guard looks in two ways. Questions that are **equal or nearly equal as texts** are found by their three-word
# pieces. Questions that are **close in meaning** are found by their embeddings, and fail where the answers match too.
#
# ### Exercise 3: nearly equal
# Cut a text into all runs of three neighbouring words (small letters, without punctuation), as a set. The **Jaccard
# index** of two sets is the size of their intersection divided by the size of their union. From 0.8 on the guard calls
# two questions near-duplicates.


# %% tags=["blank"] exercise="3"
def pieces(text):
    """The set of all three-word runs of ``text``, each as a tuple; of the whole text where it is shorter."""
    words = re.findall(r"\w+", text.casefold())
    if len(words) < 3:
        return {tuple(words)}
    return {...}


def jaccard(a, b):
    """Jaccard index of two sets."""
    return ...


# %% tags=["solution"] exercise="3"
# solution
def pieces(text):
    """The set of all three-word runs of ``text``, each as a tuple; of the whole text where it is shorter."""
    words = re.findall(r"\w+", text.casefold())
    if len(words) < 3:
        return {tuple(words)}
    return {tuple(words[i : i + 3]) for i in range(len(words) - 2)}


def jaccard(a, b):
    """Jaccard index of two sets."""
    return len(a & b) / len(a | b)


# %% tags=["check"] exercise="3"
assert pieces("a b c d") != {...}, "pieces still returns {...}: a set of tuples words[i : i + 3]."
assert pieces("A b c, d") == {("a", "b", "c"), ("b", "c", "d")}, "'A b c, d' has two pieces: (a, b, c) and (b, c, d)."
assert jaccard({1}, {1}) is not ..., "jaccard still returns ...: intersection (&) over union (|)."
assert jaccard({1, 2, 3}, {2, 3, 4}) == 0.5, "{1, 2, 3} and {2, 3, 4} share two of four: 0.5."
exam = "What is the lead time in weeks of the Merrow 24 water sampler?"
versions = {
    "copied": exam.upper(),
    "a word more": f"{exam[:-1]} today?",
    "politely": f"Please tell me: {exam}",
    "in other words": "How long until a Merrow 24 is delivered?",
}
print("Well done. The same exam question in a training set:")
pd.DataFrame(
    {"text": text, "Jaccard": jaccard(pieces(text), pieces(exam)),
     "caught by its text": jaccard(pieces(text), pieces(exam)) >= 0.8}
    for text in versions.values()
).set_index(pd.Index(versions))  # fmt: skip

# %% [markdown]
# No comparison of texts can know that two sentences *mean* the same. That is why the guard asks embeddings as well, and
# why even that is no proof. The safest remedy is organisational: decide what the exam is *before* anybody writes
# training data, and keep it from whoever writes.
#
# What can be said with certainty is which **fact** a question is about, if somebody wrote it down. Drafted questions
# carry their passage as `fact_ids`; in the built-in dataset each question carries the facts that it needs. A shared
# fact is no leak, it is a *track*: on `in_training` the model was taught the fact in other words, on purpose, and we
# measure whether it remembers.

# %% [markdown]
# ## 4. Training data
#
# The same documents and questions can become quite different lessons. Each configuration says which, in
# `training_data`:
#
# | kind | what the model learns from |
# |---|---|
# | `pairs` | the training questions with their answers |
# | `synthetic` | questions drafted from the documents, worded otherwise than the exam |
# | `paraphrased` | the training questions in other words, by the language model |
# | `raft` | the questions *with passages*, right ones among wrong ones, as retrieval will hand them over |
# | `documents` | the text itself, to be written on (continued pre-training) |
# | `file` | pairs of your own, or bought ones |
#
# Bought pairs deserve a suspicion. Ours come from somebody who saw the exam: four rows, of which one copies an exam
# question, one adds a word to another, and one asks a third in other words.

# %%
exam_rows = [row for row in rows if row["split"] == "test"]
honest = next(row for row in rows if row["split"] == "train")
third = [row for row in exam_rows if re.search(r"E-\d+", row["question"])][1]
reworded = re.sub(r"What is given for (E-\d+) in ([^:?]+).*", r"Our \2 reports \1. Why?", third["question"])
bought = [exam_rows[0], exam_rows[1] | {"question": f"{exam_rows[1]['question'][:-1]} today?"},
          third | {"question": reworded}, honest]  # fmt: skip
(DESK / "bought.jsonl").write_text(
    "".join(json.dumps({"prompt": row["question"], "completion": row["answer"]}) + "\n" for row in bought),
    encoding="utf-8",
)
LESSONS = HANDBOOK_EXPERIMENT | {
    "configurations": [
        {"id": "pairs", "arm": "lora", "training_data": ["pairs"]},
        {"id": "synthetic", "arm": "lora", "training_data": [{"kind": "synthetic", "llm": False, "number": 200}]},
        {"id": "paraphrased", "arm": "lora", "training_data": [{"kind": "paraphrased", "count": 1, "limit": 6}]},
        {"id": "raft", "arm": "lora_rag", "retriever": "bm25", "training_data": [{"kind": "raft", "distractors": 2}],
         "chunker": {"kind": "recursive", "size": 200}},
        {"id": "bought", "arm": "lora", "training_data": [{"kind": "file", "path": str(DESK / "bought.jsonl")}]},
        {"id": "documents", "arm": "lora", "training_data": [{"kind": "documents", "size": 300}]},
    ]
}  # fmt: skip


def training_sets(experiment):
    """The training set and its card for each tuned configuration, from the store or made now."""
    tuned = [one.id for one in assay.load_experiment(experiment).configurations if one.tuned]
    return {name: assay.training_set(experiment, name, store=STORE, progress=False) for name in tuned}


lessons = training_sets(LESSONS)
display(pd.DataFrame({
    name: {"pairs": card.pairs, "texts": card.texts,
           "tokens in all": sum(found.sum for found in card.tokens.values()),
           "longest prompt or text": max(found.longest for found in card.tokens.values()),
           "left out or not got": "; ".join(f"{why} {n}" for why, n in card.left_out.items() if n)}
    for name, card in ((name, one.card) for name, one in lessons.items())
}).T)  # fmt: skip
for name in ("pairs", "synthetic", "paraphrased", "raft", "bought"):
    pair = lessons[name].data.pairs[1 if name != "bought" else 0]
    print(f"--- {name}\n{pair.prompt}{pair.completion}")
print(f"--- documents\n{lessons['documents'].data.texts[1]}")

# %% [markdown]
# `in dev or test` counts the bought pairs that were thrown away. The copy and the one with a word more are gone; the
# one in other words got through, as it always will.
#
# Read the examples, above all the paraphrase. Figures are compared and empty or repeated ones thrown away, but *that
# the meaning is kept* nobody checks: judge for yourself whether this model keeps it. And look at the wrong passages of
# `raft`: they come from the search, so they are as close as they will be in use, and may even hold the same line.
#
# Tokens are what training pays for: compare `raft` with `pairs`. The loss is taken on the **answer only**; the prompt
# is read but not learnt. (In a terminal, `assay data card experiment.yaml --configuration raft` prints the same as
# this:)

# %%
Console(width=88, force_jupyter=False).print(training_card("raft", lessons["raft"]))

# %% [markdown]
# ### Exercise 4: a RAFT example
# RAFT (Zhang et al. 2024) teaches a model to read with noise in the room. An example shows the gold passage among
# **distractors**, passages that the search brings up as well, in random order. In a share of the examples the gold
# passage is *left out* and one more distractor takes its place. The answer stays: there the model has to know it.
# Write the passages of one example.


# %% tags=["blank"] exercise="4"
def raft_passages(gold, hits, number, with_gold, random):
    """``number`` passages in random order: the gold one and the best other hits, or the best other hits alone."""
    others = [hit for hit in hits if ...]
    chosen = ...
    random.shuffle(chosen)
    return chosen


# %% tags=["solution"] exercise="4"
# solution
def raft_passages(gold, hits, number, with_gold, random):
    """``number`` passages in random order: the gold one and the best other hits, or the best other hits alone."""
    others = [hit for hit in hits if hit != gold]
    chosen = [gold, *others[: number - 1]] if with_gold else others[:number]
    random.shuffle(chosen)
    return chosen


# %% tags=["check"] exercise="4"
hits = ["near", "gold", "nearer", "far"]
try:
    shown, hidden = (raft_passages("gold", hits, 3, with_gold, Random(0)) for with_gold in (True, False))
except TypeError as error:
    raise AssertionError("chosen is still ...: a list of passages, with the gold one or without.") from error
assert sorted(shown) == ["gold", "near", "nearer"], f"With gold: gold and the two best others, not {sorted(shown)}."
assert "gold" not in hidden, "Without gold the gold passage must not come back as a hit: others are hits that differ."
assert sorted(hidden) == ["far", "near", "nearer"], f"Without gold: the three best others, not {sorted(hidden)}."
places = {raft_passages("gold", hits, 3, True, Random(seed)).index("gold") for seed in range(30)}
assert places == {0, 1, 2}, "The gold passage must stand anywhere: shuffle, or the model learns to read the first one."
print("Well done. Passages and answers as the workbench wrote them:")
data = lessons["raft"].data
held = [f" {p.completion.strip()}" in p.prompt.partition("Question:")[0] for p in data.pairs]
print(f"in {sum(held)} of {len(held)} examples the answer stands in a passage; in the others it has to be known")

# %% [markdown]
# ## 5. LoRA
#
# A layer of the model multiplies its input with a matrix $W$ of $d_{out} \times d_{in}$ weights. Full fine-tuning
# changes all of them. **LoRA** (Hu et al. 2021) leaves $W$ as it is and adds the product of two thin matrices, $B$ of
# $d_{out} \times r$ and $A$ of $r \times d_{in}$:
#
# $$ y = W x + \frac{\alpha}{r} B A x $$
#
# $r$ is the **rank**. $B$ begins as zeros, so training begins with the base model exactly.
#
# ### Exercise 5: an adapter by hand
# Write the layer, and count how many numbers an adapter of rank $r$ adds to a layer.


# %% tags=["blank"] exercise="5"
def adapted(x, W, A, B, alpha):
    """Output of a layer with adapter; ``x`` [d_in], ``W`` [d_out, d_in], ``A`` [r, d_in], ``B`` [d_out, r]."""
    rank = len(A)
    return ...


def adapter_size(d_out, d_in, rank):
    """Numbers in ``A`` and ``B`` together."""
    return ...


# %% tags=["solution"] exercise="5"
# solution
def adapted(x, W, A, B, alpha):
    """Output of a layer with adapter; ``x`` [d_in], ``W`` [d_out, d_in], ``A`` [r, d_in], ``B`` [d_out, r]."""
    rank = len(A)
    return W @ x + alpha / rank * B @ (A @ x)


def adapter_size(d_out, d_in, rank):
    """Numbers in ``A`` and ``B`` together."""
    return rank * (d_out + d_in)


# %% tags=["check"] exercise="5"
W, x = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]), np.array([1.0, 2.0, 3.0])
A, B = np.array([[0.0, 0.0, 1.0]]), np.array([[1.0], [0.0]])
assert adapted(x, W, A, B, 2) is not ..., "adapted still returns ...: matrices are multiplied with @."
assert np.allclose(adapted(x, W, A, 0 * B, 2), [1, 2]), "With B = 0 the output is that of the base layer: W @ x."
assert np.allclose(adapted(x, W, A, B, 2), [7, 2]), "Here B A x is [3, 0] and alpha / rank is 2, so y = [7, 2]."
two = adapted(x, W, np.vstack([A, A]), np.hstack([B, B]), 2)
assert np.allclose(two, [7, 2]), "Rank 2 halves the scale: alpha / rank, where the rank is the number of rows of A."
assert adapter_size(4, 6, 1) is not ..., "adapter_size still returns ...."
assert adapter_size(1536, 576, 16) == 33792, "A has 16 x 576 numbers, B 1536 x 16: together 33,792."
merged = W + 2 * B @ A
assert np.allclose(merged @ x, adapted(x, W, A, B, 2)), "Merged weights W + alpha / rank * B A must do the same."
full = 1536 * 576
print(f"Well done. A layer of 1536 x 576 has {full:,} weights; the adapter adds")
pd.DataFrame({rank: {"numbers": adapter_size(1536, 576, rank), "share": adapter_size(1536, 576, rank) / full}
              for rank in (2, 8, 16, 64)}).T.astype({"numbers": int})  # fmt: skip

# %% [markdown]
# After training, $B A$ can be *merged* into $W$: a tuned model is then as fast as the base model.
#
# ## 6. An experiment about training
#
# To see what tuning can know we need questions whose facts are known to be taught or not taught. So we change to the
# questions of the built-in dataset with their three tracks, take 64 to learn from and 36 to test with, and ask six
# things at once:
#
# - **More data?** 16, 32 or 64 pairs (`limit`), two epochs each: a **tuning curve**.
# - **Or more repetition?** 16 pairs, eight epochs: as many steps as 64 pairs with two.
# - **A smaller adapter?** Rank 2 in place of 16.
# - **With passages?** The same 64 pairs, but retrieval hands over a passage when it is asked.
# - **Trained with passages?** RAFT, on those of the same 64 questions that have a gold passage.
# - And the base model, without and with retrieval. Lab 01 showed that it needs worked examples in its prompt to be a
#   fair opponent, so it gets two.

# %% tags=["parameters"]
PAIRS, EPOCHS, DEV, TEST, OUTSIDE, TOKENS = 64, 2, 9, 36, 50, 24

# %%
LORA = {"kind": "lora", "epochs": EPOCHS, "batch_size": 4}
SEARCH = {"retriever": "bm25", "chunker": {"kind": "recursive", "size": 200}, "depth": 1}
EXPERIMENT = {
    "name": "lab-03",
    "dataset": {"kind": "builtin"},
    "sample": {"train": PAIRS, "dev": DEV, "test": TEST},
    "llm": {"kind": "embedded"},
    "max_new_tokens": TOKENS,
    "prompts": [{"name": "plain", "instruction": ""}, {"name": "with_examples", "examples": 2}],
    "latency": {"questions": 0},
    "forgetting": {"questions": OUTSIDE},
    "finetuning": LORA,
    "configurations": [
        {"id": "closed_book", "arm": "closed_book", "prompt": "with_examples"},
        {"id": "lora_16", "arm": "lora", "prompt": "plain", "training_data": [{"kind": "pairs", "limit": PAIRS // 4}]},
        {"id": "lora_32", "arm": "lora", "prompt": "plain", "training_data": [{"kind": "pairs", "limit": PAIRS // 2}]},
        {"id": "lora_64", "arm": "lora", "prompt": "plain"},
        {"id": "repeated", "arm": "lora", "prompt": "plain", "training_data": [{"kind": "pairs", "limit": PAIRS // 4}],
         "finetuning": LORA | {"epochs": 4 * EPOCHS}},
        {"id": "rank_2", "arm": "lora", "prompt": "plain", "finetuning": LORA | {"rank": 2, "alpha": 4}},
        {"id": "rag", "arm": "rag", "prompt": "with_examples", **SEARCH},
        {"id": "lora_rag", "arm": "lora_rag", "prompt": "plain", **SEARCH},
        {"id": "raft", "arm": "lora_rag", "prompt": "plain", **SEARCH,
         "training_data": [{"kind": "raft", "distractors": 1}]},
    ],
    "contrasts": [["lora_64", "closed_book"], ["lora_64", "lora_16"], ["lora_64", "repeated"], ["lora_64", "rank_2"],
                  ["lora_rag", "rag"], ["raft", "lora_rag"], ["lora_rag", "lora_64"]],
}  # fmt: skip
TUNED_IDS = ["lora_16", "lora_32", "lora_64", "repeated", "rank_2", "raft"]  # lora_rag has the adapter of lora_64

# %% [markdown]
# ### Exercise 6: your prediction
# Whoever sees a result finds that they knew it all along. Write down the mean F1 that you expect of `lora_64`, which
# reads no document, on each track. Remember what the tracks are: facts that were taught in other words, facts that
# stand in the documents only, and tasks of form (sort a ticket, write a number the house's way).

# %% tags=["blank"] exercise="6"
guess = {"in_training": ..., "only_in_documents": ..., "task": ...}

# %% tags=["solution"] exercise="6"
# solution
guess = {"in_training": 0.25, "only_in_documents": 0.10, "task": 0.60}

# %% tags=["check"] exercise="6"
still_open = [track for track, value in guess.items() if not isinstance(value, int | float)]
assert not still_open, f"Still to guess: {', '.join(still_open)}. Put a number between 0 and 1 for each track."
assert all(0 <= value <= 1 for value in guess.values()), "F1 lies between 0 and 1; 60 per cent is written 0.6."
print("Well done. Tuning will teach best:", max(guess, key=guess.get))

# %% [markdown]
# ## 7. Tune, and watch the loss
#
# `assay.run` would tune by itself. We do it step by step, to see the **loss** fall: the mean of $-\log p$ over the
# tokens of the right answers, where $p$ is the probability that the model gives a token. This cell takes about two
# minutes the first time; the adapters lie in the store then, and the run below finds them there.


# %%
class Recorder(Progress):
    """Progress that shows nothing and keeps the loss of every step."""

    @contextmanager
    def training(self, name):
        self.losses = []
        with super().training(name):
            yield lambda step, steps, loss: self.losses.append(loss)


def tune(experiment, name):
    """The folder of an adapter, tuned where the store lacks it, what it took, and the loss of every step."""
    recorder = Recorder()
    loaded = assay.load_experiment(experiment)
    configuration = next(one for one in loaded.configurations if one.id == name)
    entry = Stages(loaded, Store(Path(STORE)), recorder).tuning.adapter(configuration, 0)
    kept = Path(RUNS, f"lab-03-loss-{name}.json")
    if hasattr(recorder, "losses"):
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(recorder.losses))
    return entry.folder, entry.quantities, json.loads(kept.read_text()) if kept.exists() else []


adapters = {name: tune(EXPERIMENT, name) for name in TUNED_IDS}
took = pd.DataFrame({
    name: {"steps": quantities["steps"], "tokens": quantities["tokens"], "seconds": quantities["seconds"],
           "numbers trained": sum(array.size for array in load_file(folder / "adapter_model.safetensors").values()),
           "loss of the last epoch": quantities["loss"]}
    for name, (folder, quantities, _) in adapters.items()
}).T  # fmt: skip
took.style.format("{:,.0f}").format("{:.2f}", subset=["loss of the last epoch"])

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4), sharey=True)
for axes, names in ((left, ("lora_64", "repeated", "rank_2")), (right, ("lora_64", "raft"))):
    for name, colour in zip(names, (TUNED, BASE, GREEN), strict=False):
        losses = pd.Series(adapters[name][2], dtype=float)
        axes.plot(losses, color=colour, alpha=0.25)
        axes.plot(losses.rolling(5, min_periods=1).mean(), color=colour, label=name)
    axes.set(xlabel="step", ylim=(0, None))
    axes.legend(frameon=False)
left.set(ylabel="loss", title="As many steps: pairs, repetition, rank")
right.set(title="Without passages and with them")
plt.show()

# %% [markdown]
# Pale: each batch of four pairs; dark: the mean of the last five. A batch is a small sample, so a single step says
# little.
#
# ### Exercise 7: the loss of an epoch
# An **epoch** is one pass over all pairs. Return the mean loss of each epoch, for the losses of all steps and the
# number of epochs (every epoch has equally many steps).


# %% tags=["blank"] exercise="7"
def epoch_means(losses, epochs):
    """Mean loss of each epoch, in their order."""
    return ...


# %% tags=["solution"] exercise="7"
# solution
def epoch_means(losses, epochs):
    """Mean loss of each epoch, in their order."""
    return [float(mean) for mean in np.reshape(losses, (epochs, -1)).mean(axis=1)]


# %% tags=["check"] exercise="7"
tried = epoch_means([4.0, 2.0, 1.0, 1.0], 2)
assert tried is not ..., "epoch_means still returns ...: cut the list into as many equal parts as there are epochs."
assert np.allclose(tried, [3, 1]), "Two epochs of two steps: the means of [4, 2] and [1, 1] are 3 and 1."
print("Well done. The chance the model gives to a token of the right answers, exp(-loss), epoch by epoch:")
for name, epochs in (("lora_64", EPOCHS), ("repeated", 4 * EPOCHS), ("rank_2", EPOCHS), ("raft", EPOCHS)):
    if adapters[name][2]:
        print(f"  {name:9}", *(f"{math.exp(-mean):.2f}" for mean in epoch_means(adapters[name][2], epochs)))

# %% [markdown]
# Look at `repeated`. From its second epoch on it meets nothing new: its loss falls because it knows these sixteen
# answers by heart. **A low training loss says that the lessons were learnt. It says nothing about the exam.** And the
# loss of `raft` may lie lower than all others from the start: its answers mostly stand in its prompt, so they are easy
# to foresee. Losses of different data must not be compared.

# %% [markdown]
# ## 8. The exam
#
# Answers of all nine configurations, scores and statistics. This takes about a minute; the adapters are there.

# %%
finished = assay.run(EXPERIMENT, store=STORE, runs=RUNS, tracking=False, progress=False)
results, answers = finished.results, finished.per_question
exam_results = {c.id: c for c in results.configurations}
TRACKS = ["in_training", "only_in_documents", "task"]
pd.DataFrame({
    name: {"F1": c.metrics["f1"].mean, "low": c.metrics["f1"].low, "high": c.metrics["f1"].high,
           **{track: c.tracks[track]["f1"].mean for track in TRACKS}}
    for name, c in exam_results.items()
}).T  # fmt: skip

# %%
figure, axes = plt.subplots(figsize=(7.5, 3.2))
compared = ["closed_book", "lora_64", "rag", "lora_rag"]
places = np.arange(len(TRACKS))
for offset, (name, colour) in enumerate(zip(compared, (GREY, TUNED, BASE, GREEN), strict=True)):
    estimates = [exam_results[name].tracks[track]["f1"] for track in TRACKS]
    means = np.array([one.mean for one in estimates])
    errors = [means - [one.low for one in estimates], [one.high for one in estimates] - means]
    axes.bar(places + 0.2 * (offset - 1.5), means, 0.18, color=colour, label=name)
    axes.errorbar(places + 0.2 * (offset - 1.5), means, np.maximum(errors, 0), fmt="none", ecolor="black", lw=0.8)
guessed = [(place, guess[track]) for place, track in enumerate(TRACKS) if isinstance(guess[track], int | float)]
if guessed:
    axes.plot(*np.transpose(guessed) - [[0.1], [0]], "o", mfc="white", mec="black", label="your guess of lora_64")
axes.set(xticks=places, xticklabels=[f"{track}\n{results.dataset.tracks[track]} questions" for track in TRACKS])
axes.set(ylabel="F1", ylim=(0, 1.02), title="What tuning knows, and what reading knows")
axes.legend(frameon=False, ncols=3, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.2))
plt.show()

# %% [markdown]
# All scores are low: the model is tiny, and it was taught for a minute. What to look for all the same:
#
# - `only_in_documents`: no training pair held these facts, so tuning *cannot* know them. What `lora_64` scores there is
#   form: naming one of two products is right half the time, and "unknown" is right where there is no answer. Facts have
#   to be read, and then the search decides.
# - `task`: there is little to look up, and a form to follow. Here tuning can earn its place, and a base model with two
#   examples cannot guess the house's ways.
# - `in_training`: the fact was taught, once or twice, in other words. Was it remembered?
#
# ### Exercise 8: taught, or not?
# The last point can be measured closer. The track is a property of the dataset: *some* training question holds the
# fact. But we took 64 of them, or 16. Write a function that says whether one of the given training questions shares a
# fact with a test question. Questions have `fact_ids`.


# %% tags=["blank"] exercise="8"
def was_taught(question, lessons):
    """Whether one of the training questions ``lessons`` shares a fact with ``question``."""
    return any(... for lesson in lessons)


# %% tags=["solution"] exercise="8"
# solution
def was_taught(question, lessons):
    """Whether one of the training questions ``lessons`` shares a fact with ``question``."""
    return any(set(question.fact_ids) & set(lesson.fact_ids) for lesson in lessons)


# %%
by_id = {question.id: question for question in world.questions}
learnt = {
    name: [by_id[pair.question_id] for pair in one.data.pairs]
    for name, one in training_sets(EXPERIMENT).items()
    if name in ("lora_16", "lora_32", "lora_64")
}
f1 = answers.pivot(index="question_id", columns="configuration", values="f1")
remembering = [by_id[name] for name in f1.index if by_id[name].track == "in_training"]
unread = [by_id[name] for name in f1.index if by_id[name].track == "only_in_documents"]

# %% tags=["check"] exercise="8"
first = learnt["lora_64"][0]
assert was_taught(first, [first]) is True, "A question shares its facts with itself. Return True or False: any(...)."
strange = [question for question in unread if was_taught(question, learnt["lora_64"])]
assert not strange, (
    "No fact of only_in_documents was taught, but yours finds some: compare the two sets of fact_ids (&)."
)
table = {}
for name, questions in learnt.items():
    known = [was_taught(question, questions) for question in remembering]
    scores = f1.loc[[question.id for question in remembering], name].to_numpy()
    table[name] = {"in_training questions": len(known), "of them taught": sum(known)}
    for label, chosen in (("F1 where taught", known), ("F1 where not", np.logical_not(known))):
        table[name][label] = scores[chosen].mean() if any(chosen) else np.nan
print("Well done. With fewer pairs, less was taught:")
pd.DataFrame(table).T

# %% [markdown]
# Where the two columns hardly differ, the model did not learn *facts* from the pairs, it learnt *how answers look*.
# Where the taught ones are ahead, something was remembered; but look at how few there are before you believe it: with
# five questions, a single right answer is a fifth of the mean.
#
# A fact that is met once or twice is learnt badly (Ovadia et al. 2024): it has to come many times, in many wordings,
# before weights hold it. That is what `synthetic` and `paraphrased` are for, at the price of many more tokens, and why
# the documents themselves, read once, teach style and hardly a fact.

# %% [markdown]
# ## 9. How much data?
#
# The tuning curve: F1 against the number of pairs. Zero pairs is the base model with its worked examples. The hollow
# point saw 16 pairs, eight times each.

# %%
figure, panels = plt.subplots(1, 4, figsize=(11, 3), sharey=True)
curve = {0: "closed_book", 16: "lora_16", 32: "lora_32", 64: "lora_64"}
for axes, track in zip(panels, ["all", *TRACKS], strict=True):
    for pairs, name, face in (*((n, name, TUNED) for n, name in curve.items()), (16, "repeated", "white")):
        c = exam_results[name]
        one = c.metrics["f1"] if track == "all" else c.tracks[track]["f1"]
        place = pairs + 3 * (face == "white")
        axes.plot([place, place], [one.low, one.high], color=GREY, zorder=1)
        axes.plot(place, one.mean, "o", mfc=face, mec=TUNED, zorder=2)
    axes.set(xticks=list(curve), xlabel="training pairs", title=track, ylim=(-0.02, 1.02))
panels[0].set_ylabel("F1, 95 % interval")
figure.tight_layout()
plt.show()

# %% [markdown]
# The points tell a story; the grey bars tell how much of it is known. And the hollow point asks what the curve is made
# of: twice the pairs at equal epochs are also twice the *steps*. Where sixteen pairs, repeated, come close to
# sixty-four, much of the gain was practice in the form of answers, not knowledge from more pairs. Each point is also
# *one* training with *one* seed: another order of the same pairs would move it (`seeds: 3` measures that too).
#
# ### Exercise 9: how many questions would it take?
# Differences per question scatter with a standard deviation $s$. The mean over $n$ questions then has a 95 % interval
# of about $\pm 1.96\, s / \sqrt n$. From which $n$ on is that half width no larger than a difference `gap`? (Solve for
# $n$ and round up with `math.ceil`.)


# %% tags=["blank"] exercise="9"
def questions_needed(differences, gap):
    """Questions from which on the half width of the 95 % interval is at most ``gap``."""
    spread = np.std(differences, ddof=1)
    return ...


# %% tags=["solution"] exercise="9"
# solution
def questions_needed(differences, gap):
    """Questions from which on the half width of the 95 % interval is at most ``gap``."""
    spread = np.std(differences, ddof=1)
    return math.ceil((1.96 * spread / gap) ** 2)


# %% tags=["check"] exercise="9"
toy = np.array([0.5, -0.5, 0.5, -0.5, 0.0])
tried = questions_needed(toy, 0.1)
assert tried is not ..., "questions_needed still returns ...: (1.96 * spread / gap) squared, rounded up."
assert tried == 97, "With s = 0.5 and a gap of 0.1 it is (9.8) squared = 96.04, rounded up 97."
assert questions_needed(toy, 0.05) == 385, "Half the gap takes four times the questions: 385. Is gap below the line?"
print(f"Well done. To tell a difference of 0.05 or 0.1 apart from chance; here {len(f1)} were asked:")
table = {}
for one in results.comparisons:
    differences = (f1[one.a] - f1[one.b]).to_numpy()
    table[f"{one.a} - {one.b}"] = {
        "difference": one.delta, "low": one.low, "high": one.high, "verdict": one.verdict,
        "questions for 0.1": questions_needed(differences, 0.1),
        "questions for 0.05": questions_needed(differences, 0.05),
    }  # fmt: skip
pd.DataFrame(table).T

# %% [markdown]
# `a` and `b` name the winner. For `undecided`, look to the right: that is what it would have taken, for one comparison
# alone. (Assay's intervals are wider than $1.96\, s / \sqrt n$: they hold for all comparisons at once, and questions
# about one document count as one witness.) Note how cheap the honest answer is: test questions cost minutes, a wrong
# decision for or against fine-tuning costs a project.

# %% [markdown]
# ## 10. RAFT, or LoRA and hope?
#
# `lora_rag` was tuned on questions *without* passages and is asked *with* one. `raft` was tuned with passages, one
# right and one wrong, or two wrong ones. Does it read better? And what happens where the search failed? We part the
# exam by whether the passage that was read is the right one.

# %%
facts_only = answers[answers.track != "task"].set_index("question_id")
read = facts_only[facts_only.configuration == "rag"].gold_in_context  # the search is the same for all three
met = pd.Series(
    np.select([read.isna(), read > 0], ["nothing to find", "read a right passage"], "read wrong ones"), read.index
)
facts_only.groupby([met.rename("the search"), "configuration"]).f1.agg(["mean", "count"]).unstack("configuration")[
    [("count", "rag"), ("mean", "lora_64"), ("mean", "rag"), ("mean", "lora_rag"), ("mean", "raft")]
]

# %%
asked = answers[answers.configuration.isin(["rag", "lora_rag", "raft"]) & (answers.track != "task")]
asked.pivot(index="question", columns="configuration", values="answer").join(
    asked.groupby("question").expected.first()
).iloc[:8]

# %% [markdown]
# Where the search read wrong passages, the model was bound to fail, unless it guessed. The distance between these two
# lines is what a better *search* could win; the distances within the line of right passages are what better *reading*
# wins. Where there is nothing to find, only "unknown" is right.
#
# Mind what RAFT teaches where the passage is wrong. In a share of its examples the gold passage is missing and the
# answer is demanded all the same; a model that cannot know it learns to make something up from what it reads. A wrong
# answer with a source beside it convinces most readers. Would you rather have it say "unknown"? Then train on that:
# give it questions that have no answer in the documents (`without_gold: 0` leaves only those).
#
# Compare also the `task` column in section 8: a passage is no help for sorting a ticket, and may distract from it. And
# compare the tokens in the table of section 7, for reading lessons are long lessons. The verdict on `raft` against
# `lora_rag` stands in exercise 9.

# %% [markdown]
# ## 11. What was forgotten?
#
# Tuning on one thing may unlearn another. The run asked base and tuned model fifty questions of general knowledge, with
# no context: capitals, authors, elements. The tuned one is that `lora` configuration which was best on dev. Each was
# asked with the prompt that it uses, so the base model had two worked examples *about the company* above each
# question. Is that fair? We ask it once more, without them.

# %%
plainly = assay.run(
    EXPERIMENT | {
        "name": "lab-03-forgetting", "contrasts": [],
        "configurations": [{"id": "closed_book_plain", "arm": "closed_book",
                            "prompt": "plain"}, {"id": "lora_64", "arm": "lora", "prompt": "plain"}],
    },
    store=STORE, runs=RUNS, tracking=False, progress=False,
)  # fmt: skip
pd.DataFrame({
    name: {"F1": scores["f1"].mean, "holds the answer": scores["contains"].mean,
           "low": scores["contains"].low, "high": scores["contains"].high}
    for name, scores in (results.forgetting | plainly.results.forgetting).items()
}).T  # fmt: skip

# %% [markdown]
# Read both columns. F1 punishes a model that answers in whole sentences; `holds the answer` asks only whether the right
# words occur. Then compare the two rows of the base model: the prompt alone moves what it "knows". And where the tuned
# model is ahead of both, it did not learn capitals from 64 pairs about a company: it learnt to answer in this form, and
# what it knew before comes out more easily. A loss would show in the same way, as the other sign. Fifty questions see a
# collapse, not a scratch; and other abilities (long texts, other languages) are not asked for at all.

# %% [markdown]
# ## What you have done
#
# You drafted an exam by rule and by model and checked both, reviewed and reworded it, saw the guard refuse a split that
# leaked without anybody's fault, made five kinds of lessons from the same documents, wrote LoRA by hand, watched a loss
# fall for good and for bad reasons, and measured what tuning knew, what more data brought, what reading brought, and
# how many questions it would take to be sure.
#
# **What you have not shown.** One small model, one seed, 36 questions. That form is learnt before facts has been found
# for large models too; *how many* pairs it takes, and whether RAFT pays, has to be measured for yours.
#
# **Go on.** Raise `train`, `test` and `seeds`. Try `training_data: ["pairs", {"kind": "synthetic", "llm": False}]` on
# your own folder. On a GPU, `llm: {"kind": "hf", "name": ..., "quantization": "4bit"}` makes the same `lora` QLoRA
# (Dettmers et al. 2023), and `"dora": True` DoRA.
#
# **Further reading**
# - E. Hu et al., *LoRA: Low-Rank Adaptation of Large Language Models*, ICLR 2022.
# - T. Dettmers et al., *QLoRA: Efficient Finetuning of Quantized LLMs*, NeurIPS 2023.
# - T. Zhang et al., *RAFT: Adapting Language Model to Domain Specific RAG*, COLM 2024.
# - O. Ovadia et al., *Fine-Tuning or Retrieval? Comparing Knowledge Injection in LLMs*, EMNLP 2024.
# - A. Broder, *On the Resemblance and Containment of Documents*, 1997, for near-duplicates.
# - W. Hu et al., *Domain-Driven LLM Development: Insights into RAG and Fine-Tuning Practices*, tutorial, KDD 2024
#   (doi 10.1145/3637528.3671445).
# - In this project: `docs/data.md`, `docs/finetuning.md`, `docs/statistics.md`.
