# ---
# # ruff: noqa: B007, F811, F841, N999
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # One pass that searches, and a signal that knows
#
# A RAG pipeline is two models and a lot of text that is read twice. **OneGen** (Zhang et al. 2024) makes one model of
# it: a language model that writes a special token when it wants to search, whose state at that token *is* the query
# vector. And a model that answers does not say how sure it is. **Otter** (2024) reads a signal from parameters that are
# inserted into the frozen model, in the pass that writes the answer. In this lab you take both apart, count what they
# save, and ask whether the cheap things of yesterday would have done.
#
# **You need** a laptop. No API key, no GPU and no network. Labs 01 to 03 come first.
#
# **It takes** about an hour to read and do, of which the computer works some minutes (two CPU cores).
#
# **The exercises** work as in lab 01: fill the blanks (`...`), run the check. Whoever gives one up can go on: no later
# cell needs it.

# %%
import math
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from IPython.display import display

warnings.filterwarnings("ignore", category=FutureWarning)  # libraries talking to their own developers
warnings.filterwarnings("ignore", message="IProgress not found")

import assay
from eval.metrics.confidence import auroc, risk_coverage
from pipelines.generation.models.embedded import EmbeddedLanguageModel, embedded
from pipelines.generation.otter.insertion import Insertion
from pipelines.generation.otter.parameters import Otter, copy_slices
from pipelines.generation.otter.size import Size
from pipelines.retrieval.onegen.sequences import answered, read
from pipelines.retrieval.onegen.vocabulary import Vocabulary

pd.options.display.max_colwidth = 90
pd.options.display.float_format = "{:.3f}".format
plt.rcParams |= {"figure.dpi": 100, "axes.spines.top": False, "axes.spines.right": False, "axes.titlelocation": "left"}
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#999999"
STORE, RUNS = ".assay/store", "runs"

# %% [markdown]
# ## 1. One sequence
#
# OneGen reads a question and writes `[RQ]`. The state at that token is compared with the states that passages have at
# `[RD]`, a token that is put behind every one of them. The nearest passage is put *behind* the token, into the same
# key-value cache, and the model goes on. Here is such a sequence as it is learnt from:

# %% tags=["parameters"]
PAIRS, STEPS, DEV, TEST, DOCUMENTS, TOKENS = 96, 24, 12, 36, 40, 16
TAUGHT, ANSWERED, CALIBRATED, ASKED, EPOCHS = 231, 60, 20, 48, 3  # of section 4

# %%
subject = embedded(EmbeddedLanguageModel()).subject()
vocabulary = Vocabulary.of(subject.tokenizer, subject.name)
text = "The Kestrel pump was designed by Ada Brandt."
passage = read(vocabulary, [text], 64)
lesson = answered(vocabulary, "Who designed the Kestrel pump?", [[text]], "Ada Brandt", 64)
names = {vocabulary.roles.query: "[RQ]"}
shown = [names.get(token) or subject.tokenizer.decode([token]) for token in lesson.ids]
print(" ".join(repr(piece) if piece != "[RQ]" else piece for piece in shown))

# %% [markdown]
# ### Exercise 1: what is learnt?
# The model learns to *write* what it will have to write: the search token, the answer, the end. It must not learn to
# write questions or passages, nor what stands right behind a search token: at that place, in use, a passage is put in.
# Make the labels: the token itself where there is loss, -100 elsewhere. `parts` are lists of tokens, each with whether
# the model writes it.


# %% tags=["blank"] exercise="1"
def labels_of(parts):
    """One label for each token of all parts."""
    labels = []
    for tokens, written in parts:
        labels += ...
    return labels


# %% tags=["solution"] exercise="1"
# solution
def labels_of(parts):
    """One label for each token of all parts."""
    labels = []
    for tokens, written in parts:
        labels += tokens if written else [-100] * len(tokens)
    return labels


# %% tags=["check"] exercise="1"
query, end = vocabulary.roles.query, vocabulary.end
toy = [([1, 2], False), ([query], True), ([3, 4], False), ([5, end], True)]
try:
    tried = labels_of(toy)
except TypeError as error:
    raise AssertionError("labels_of still adds ...: the tokens themselves, or as many times -100.") from error
assert len(tried) == 7, f"Seven tokens have seven labels, not {len(tried)}."
assert tried[2] == query, "The search token is written by the model, so it is learnt."
assert tried[3:5] == [-100, -100], "The passage is given, not written."
assert tried == [-100, -100, query, -100, -100, 5, end], f"Not quite: {tried}."
question = len(lesson.ids) - len(passage) - 1 - len([label for label in lesson.labels if label not in (-100, query)])
own = labels_of([(list(lesson.ids[:question]), False), ([query], True), (passage, False),
                 (list(lesson.ids[question + 1 + len(passage) :]), True)])  # fmt: skip
assert own == list(lesson.labels), "Over the sequence above yours differ from Assay's."
print(f"Well done. Of {len(own)} tokens {sum(label != -100 for label in own)} are learnt.")

# %% [markdown]
# ### Exercise 2: what is saved?
# A pipeline of two services begins anew after every search: question, everything found so far, and the new passage go
# through the model again. One pass reads every token once. Count the tokens that are *read* for a question of
# `question` tokens with `searches` passages of `passage` tokens each, in both ways. (The pipeline reads once before
# each search, to know what to search for, and once after the last.)


# %% tags=["blank"] exercise="2"
def tokens_read(question, passage, searches):
    """(one pass, begun anew at each search)"""
    one_pass = ...
    anew = ...
    return one_pass, anew


# %% tags=["solution"] exercise="2"
# solution
def tokens_read(question, passage, searches):
    """(one pass, begun anew at each search)"""
    one_pass = question + searches * passage
    anew = sum(question + done * passage for done in range(searches + 1))
    return one_pass, anew


# %% tags=["check"] exercise="2"
tried = tokens_read(10, 100, 1)
assert not any(one is ... for one in tried), "tokens_read still returns ...; fill both lines."
assert tried[0] == 110, f"One pass reads question and passage once: 110, not {tried[0]}."
assert tried[1] == 120, f"Begun anew: 10 before the search, 110 after it, so 120, not {tried[1]}."
assert tokens_read(10, 100, 3) == (310, 640), "Three searches: 310; and 10 + 110 + 210 + 310."
print("Well done. What is saved grows with the searches, and there is little of it with one:")
pd.DataFrame({
    f"{n} searches": dict(zip(("one pass", "begun anew"), tokens_read(20, 150, n), strict=True)) for n in (1, 2, 3, 5)
})  # fmt: skip

# %% [markdown]
# ## 2. Does it find anything?
#
# We tune it on the training pairs of the built-in company, for a few steps only, and ask for passages. Beside it: the
# same states *untrained*, the small trained encoder, and word matching.

# %%
BASICS = {
    "dataset": {"kind": "builtin"},
    "sample": {"documents": DOCUMENTS, "train": PAIRS, "dev": DEV, "test": TEST},
    "llm": {"kind": "embedded"},
    "max_new_tokens": TOKENS,
    "prompts": [{"name": "plain", "instruction": ""}],
    "latency": {"questions": 0},
    "forgetting": {"questions": 0},
    "seed": 0,
}
ONEGEN = {"kind": "onegen", "index": "exact", "max_steps": STEPS, "batch_size": 4, "max_length": 96}
FINDERS = {
    "onegen": ONEGEN,
    "untrained": ONEGEN | {"epochs": 0, "max_steps": None},
    "minilm": {"kind": "dense", "index": "exact"},
    "bm25": {"kind": "bm25"},
}
found = assay.retrieve(
    BASICS | {
        "name": "lab-07-onegen",
        "configurations": [{"id": n, "arm": "rag", "retriever": one, "depth": 1} for n, one in FINDERS.items()],
    },
    against=["untrained", "minilm", "bm25"], store=STORE, runs=RUNS, progress=False,
)  # fmt: skip
measured = {row.id: row.metrics["ndcg_at_10"] for row in found.rows}
display(pd.DataFrame({
    row.id: {"nDCG@10": measured[row.id].mean, "low": measured[row.id].low, "high": measured[row.id].high,
             "s to train": row.train_seconds, "s to index": row.index_seconds}
    for row in found.rows
}).T)  # fmt: skip
pd.DataFrame(
    {"a": one.a, "b": one.b, "a - b": one.delta, "low": one.low, "high": one.high, "verdict": one.verdict}
    for one in found.comparisons
    if one.a == "onegen"
)

# %% [markdown]
# ### Exercise 3: a fair rival
# A paper shows that OneGen beats a pipeline of the *same* tuned generator and an embedding model from the shelf. Which
# row is missing for the claim that *one pass* is the better idea? Choose the letter.
#
# - **a** a larger language model as the generator of the pipeline
# - **b** the embedding model of the pipeline, tuned on the same pairs of questions and passages
# - **c** OneGen without its search

# %% tags=["blank"] exercise="3"
missing = "..."

# %% tags=["solution"] exercise="3"
# solution
missing = "b"

# %% tags=["check"] exercise="3"
assert missing in ("a", "b", "c"), "A letter, please: a, b or c."
assert missing != "a", "That changes the generator as well, so the difference would have two causes."
assert missing != "c", "That shows that passages help, which nobody doubts."
print("Well done. OneGen saw labelled pairs, the encoder from the shelf did not: pairs may be the whole difference.")
print("`benchmarks/onegen_tables.py` has that row; docs/methods.md says how it came out.")

# %% [markdown]
# ## 3. Parameters beside parameters
#
# Now the second method. Otter adds rows to the matrices of a frozen model. The hidden state becomes $[h; h']$, and
# every matrix $W$ becomes
#
# $$ \begin{bmatrix} [\,W \;\; 0\,] \\ W' \end{bmatrix} \begin{bmatrix} h \\ h' \end{bmatrix}
#    = \begin{bmatrix} W h \\ W' [h; h'] \end{bmatrix} $$
#
# The new part reads the old one; the old one never reads the new. So the model writes what it always wrote.
#
# ### Exercise 4: build the matrix
# Put `old` (outputs x inputs) and `new` (new outputs x all inputs) into one. (`np.zeros`, `np.hstack`, `np.vstack`.)


# %% tags=["blank"] exercise="4"
def inserted(old, new):
    """The matrix that computes both."""
    return ...


# %% tags=["solution"] exercise="4"
# solution
def inserted(old, new):
    """The matrix that computes both."""
    blind = np.zeros((old.shape[0], new.shape[1] - old.shape[1]))
    return np.vstack([np.hstack([old, blind]), new])


# %% tags=["check"] exercise="4"
draw = np.random.default_rng(0)
old, new, state = draw.normal(size=(3, 4)), draw.normal(size=(2, 6)), draw.normal(size=6)
tried = inserted(old, new)
assert tried is not ..., "inserted still returns ...: above the old rows and zeros, below the new rows."
assert tried.shape == (5, 6), f"3 + 2 outputs by 6 inputs, not {tried.shape}."
assert np.allclose((tried @ state)[:3], old @ state[:4]), "The old outputs may not depend on the new inputs."
assert np.allclose((tried @ state)[3:], new @ state), "The new outputs read everything."
print("Well done. And on the real model, all layers, one question:")
network = subject.network
otter = Otter(network, Size(width=48, kv_heads=1, inner=128))
copy_slices(otter, network)
ids = torch.tensor([vocabulary.encode("Who designed the Kestrel pump?")])
with torch.inference_mode():
    before = network(input_ids=ids).logits
    insertion = Insertion(network, otter.to(network.dtype))
    same = torch.equal(network(input_ids=ids).logits, before)
    insertion.remove()
count, base = (sum(one.numel() for one in module.parameters()) for module in (otter, network))
print(f"   equal to the last bit: {same}; {count:,} parameters beside {base:,}, that is {count / base:.1%} of what a "
      "separate reward model of the base's size would take")  # fmt: skip

# %% [markdown]
# ## 4. Does the signal know?
#
# We tune the model on all pairs, so that it knows *something* by heart, and let it answer without documents. Three
# signals say how sure each answer is: Otter, a **probe** (logistic regression on the model's own last state), and the
# **probability** that the model gave to its tokens, which costs nothing. All three are calibrated on dev.

# %%
KINDS = {"otter": {"kind": "otter", "samples": 1, "questions": ANSWERED, "metric": "contains"},
         "probe": {"kind": "probe", "samples": 1, "questions": ANSWERED, "metric": "contains"},
         "probability": {"kind": "probability", "samples": 0, "metric": "contains"}}  # fmt: skip
finished = assay.run(
    BASICS | {
        "name": "lab-07-signals",
        "sample": {"train": TAUGHT, "dev": CALIBRATED, "test": ASKED},
        "primary_metric": "contains",
        "finetuning": {"kind": "lora", "epochs": EPOCHS, "batch_size": 8},
        "configurations": [
            *({"id": name, "arm": "lora", "prompt": "plain", "intervention": one} for name, one in KINDS.items()),
            {"id": "always_read", "arm": "lora_rag", "retriever": "bm25", "depth": 1, "prompt": "plain"},
        ],
    },
    store=STORE, runs=RUNS, tracking=False, progress=False,
)  # fmt: skip
answers = finished.per_question
judged = answers[answers.contains.notna()]
said = {name: judged[judged.configuration == name].set_index("question_id").sort_index() for name in KINDS}
sure, right = said["otter"].confidence.to_numpy(float), said["otter"].contains.to_numpy(float) == 1
print(f"{len(right)} questions, {right.sum()} answered rightly from the weights alone")

# %% [markdown]
# ### Exercise 5: one number for "it knows"
# Take a right answer and a wrong one at random. How often is the right one more confident? That is **AUROC**; a tie
# counts half. 1/2 is a coin, 1 knows all. Write it over all pairs.


# %% tags=["blank"] exercise="5"
def knows(confidence, right):
    """AUROC: over all pairs of a right and a wrong answer, the share in which the right one is more confident."""
    good = [c for c, r in zip(confidence, right, strict=True) if r]
    bad = [c for c, r in zip(confidence, right, strict=True) if not r]
    return ...


# %% tags=["solution"] exercise="5"
# solution
def knows(confidence, right):
    """AUROC: over all pairs of a right and a wrong answer, the share in which the right one is more confident."""
    good = [c for c, r in zip(confidence, right, strict=True) if r]
    bad = [c for c, r in zip(confidence, right, strict=True) if not r]
    return sum((a > b) + (a == b) / 2 for a in good for b in bad) / (len(good) * len(bad))


# %% tags=["check"] exercise="5"
tried = knows([0.9, 0.1], [True, False])
assert tried is not ..., "knows still returns ...: a sum over all pairs, divided by their number."
assert tried == 1, "The only right answer is more confident than the only wrong one: 1."
assert knows([0.5, 0.5], [True, False]) == 0.5, "A tie counts half."
assert knows([0.9, 0.2, 0.5], [True, True, False]) == 0.5, "One of two pairs is in order: 1/2."
theirs = auroc(sure, right)
if theirs is not None:
    assert abs(knows(sure, right) - theirs) < 1e-9, f"Over Otter's answers yours is {knows(sure, right)}, not {theirs}."
print("Well done. In the run, with 95 % intervals:")
quality = {one.id: one.confidence for one in finished.results.configurations if one.confidence}
pd.DataFrame({
    name: {"AUROC": found.auroc.mean if found.auroc else math.nan, "low": found.auroc.low if found.auroc else math.nan,
           "high": found.auroc.high if found.auroc else math.nan, "calibration error": found.calibration_error}
    for name, found in quality.items()
}).T  # fmt: skip

# %% [markdown]
# The calibration error is the distance between what is said and what is: of the answers given with a confidence of 0.7,
# 70 % should be right. Read the intervals before you read the order. A signal that was trained on a hundred answers of
# a small model may well know no more than the probability, which needs no training at all. That is why the cheap rivals
# stand in every table.
#
# ## 5. Read only where it is needed
#
# What is a signal good for? Answers that are sure stand; for the others passages are retrieved, and the question is
# asked again. That is the flow `adaptive`. The two ends are known: a threshold of 0 never reads, one above 1 always.
#
# ### Exercise 6: adaptive retrieval by hand
# From the confidence of each answer and whether it is right without and with passages: the share of questions that
# passages are read for, and the share that is right in the end. An answer stands where its confidence reaches the
# threshold.


# %% tags=["blank"] exercise="6"
def adaptive(confidence, right_without, right_with, threshold):
    """(share read for, share right)"""
    stands = np.asarray(confidence) >= threshold
    read = ...
    correct = ...
    return read, correct


# %% tags=["solution"] exercise="6"
# solution
def adaptive(confidence, right_without, right_with, threshold):
    """(share read for, share right)"""
    stands = np.asarray(confidence) >= threshold
    read = 1 - stands.mean()
    correct = np.where(stands, right_without, right_with).mean()
    return read, correct


# %% tags=["check"] exercise="6"
tried = adaptive([0.9, 0.2], [1, 0], [0, 1], 0.5)
assert not any(one is ... for one in tried), "adaptive still returns ...; np.where(stands, this, that) chooses."
assert all(np.ndim(one) == 0 for one in tried), "Two shares are wanted: the mean over the questions."
assert tried == (0.5, 1.0), f"The sure answer stands and is right, the other one is read for and gets right: {tried}."
assert adaptive([0.9, 0.2], [1, 0], [0, 1], 2)[0] == 1, "A threshold that nothing reaches reads for everything."
assert adaptive([0.9, 0.2], [1, 0], [0, 1], 0) == (0, 0.5), "A threshold of 0 reads for nothing."
print("Well done. The picture below draws it for every threshold.")

# %%
reading = judged[judged.configuration == "always_read"].set_index("question_id").sort_index()
with_passages = reading.contains.to_numpy(float) == 1
figure, (left, middle) = plt.subplots(1, 2, figsize=(10, 3))
for name, colour in (("otter", BLUE), ("probe", GREEN), ("probability", ORANGE)):
    confidence = said[name].confidence.to_numpy(float)
    alone = said[name].contains.to_numpy(float) == 1
    stands = [confidence >= level for level in [0, *np.sort(np.unique(confidence)), 2]]
    left.plot([1 - one.mean() for one in stands], [np.where(one, alone, with_passages).mean() for one in stands],
              color=colour, label=name)  # fmt: skip
    curve = risk_coverage(confidence, alone)
    middle.plot(curve.coverage, curve.risk, color=colour)
left.plot([0, 1], [right.mean(), with_passages.mean()], color=GREY, ls=":", label="drawing lots")
left.set(xlabel="share of questions that passages are read for", ylabel="right", title="Adaptive retrieval")
left.legend(frameon=False)
middle.set(xlabel="share of questions answered, the surest first", ylabel="wrong among them", title="Risk and coverage")
plt.show()

# %% [markdown]
# The dotted line is the rival that nobody draws: reading for a random share of the questions. A signal is worth
# something where it lies *above* it. On the right the surest answers come first: a signal that knows keeps the share of
# wrong ones low until late. Neither picture has the price in it: a question that is read for has paid for one answer
# already. And mind where the threshold may come from: this curve is of the test questions.
# Whoever picks its best point has chosen on test. In a run dev chooses:
#
# ```yaml
# - {arm: lora_rag, retriever: bm25, depth: 1, prompt: plain, intervention: {kind: otter},
#    flow: {kind: adaptive, threshold: {grid: [0.3, 0.5, 0.7]}}}
# ```
#
# ## What you have done
#
# You wrote the labels that OneGen learns from and counted what one pass saves; you named the rival that its claim
# needs; you built the matrix that lets new parameters read a model without touching it, and saw its logits unchanged to
# the bit; you measured whether a signal knows, beside what is free; and you read only where it was needed.
#
# **What you have not shown.** One small model, one seed, few steps, few questions. `docs/methods.md` has the tables.
# The experiments at the papers' scale are `configs/onegen.yaml` and `configs/otter.yaml`, for a GPU.
#
# **Go on.** Let OneGen answer in its one pass: `flow: {kind: interleaved, searches: 3}`. Steer with the signal:
# `intervention: {kind: otter, weight: 1.0}`. Abstain where nothing is sure: `flow: {kind: adaptive, unsure: abstain}`.
#
# **Further reading**
# - J. Zhang et al., *OneGen: Efficient One-Pass Unified Generation and Retrieval for LLMs*, 2024 (arXiv 2409.05152).
# - C. Yuan et al., *Predicting Rewards Alongside Tokens: Non-disruptive Parameter Insertion for Efficient Inference
#   Intervention in Large Language Model* (Otter), 2024 (arXiv 2408.10764).
# - M. Khanov et al., *ARGS: Alignment as Reward-Guided Search*, ICLR 2024.
# - Y. Geifman and R. El-Yaniv, *Selective Classification for Deep Neural Networks*, NeurIPS 2017.
# - C. Guo et al., *On Calibration of Modern Neural Networks*, ICML 2017.
# - In this project: `pipelines/retrieval/onegen/README.md`, `pipelines/generation/otter/README.md`,
#   `docs/interventions.md`, `docs/methods.md`.
