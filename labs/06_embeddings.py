# ---
# # ruff: noqa: F811, N999
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Embeddings that nobody trained, and embeddings that nobody can train
#
# Retrieval lives on vectors, and most teams take the vectors of somebody else. Two papers say that there is more to be
# had. **MoEE** (Li and Zhou 2024): a mixture-of-experts language model is an embedding model for free, because the
# experts that it sends a text to say what the text is about. **Mafin** (Zhang et al. 2024): an embedding that only an
# API answers for cannot be tuned, but a small model beside it can. In this lab you build the decisive lines of both,
# and ask of each what has to be asked of every method: better than *what*?
#
# **You need** a laptop. No API key, no GPU and no network. Labs 02 and 04 come first: this one takes retrieval
# metrics, paired comparisons and the size of an exam for granted.
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

import assay
from assay.datasets import load_dataset
from pipelines.retrieval.embedders import embedders
from pipelines.retrieval.mafin.losses import listwise
from pipelines.retrieval.moee import MoEEVirtualConfig, encoder_of
from pipelines.retrieval.moee.combining import gated

warnings.filterwarnings("ignore", category=FutureWarning)  # libraries talking to their own developers
warnings.filterwarnings("ignore", message="IProgress not found")
pd.options.display.float_format = "{:.3f}".format
plt.rcParams |= {"figure.dpi": 100, "axes.spines.top": False, "axes.spines.right": False, "axes.titlelocation": "left"}
BLUE, GREEN, GREY = "#0072B2", "#009E73", "#999999"
STORE, RUNS = ".assay/store", "runs"

# %% [markdown]
# ## 1. A language model's idea of a text
#
# A causal language model reads a text token by token, and its last hidden state has seen all of it. That state is made
# for guessing the next token, so it says what comes *next*, not what was said. The prompt of **PromptEOL** (Jiang et
# al. 2023) makes both the same thing: `This sentence : "..." means in one word:"`, and the next word would be the
# meaning.
#
# Ours is the small dense model of the other labs. MoEE wants a mixture of experts, and none can be installed as a
# package. So its feed-forward neurons are cut into 16 groups a layer, and a group's share of the activation plays the
# part of a router (*MoEfication*, Zhang et al. 2022). **Nobody trained it to route.** What you see here is how the
# method works, not how good it is on OLMoE.

# %% tags=["parameters"]
DOCUMENTS, TRAIN, DEV, TEST, STEPS, MAX_LENGTH = 40, 120, 20, 40, 40, 64

# %%
BASICS = {
    "dataset": {"kind": "builtin"},
    "sample": {"documents": DOCUMENTS, "train": TRAIN, "dev": DEV, "test": TEST},
    "llm": {"kind": "embedded"},
    "seed": 0,
}
world = load_dataset("builtin")
texts = [question.text for question in world.split("test")][:40]
encoder = encoder_of(MoEEVirtualConfig(max_length=MAX_LENGTH))
rows = encoder.embed_documents(texts)  # the hidden state, then the router logits of every layer
hidden, routing = rows[:, : encoder.layout.hidden], rows[:, encoder.layout.hidden :]
minilm = embedders.build(embedders.parse("embedded")).embed_queries(texts)
print(f"{len(texts)} questions; hidden state {hidden.shape[1]} numbers, {len(encoder.layout.experts)} layers of "
      f"{encoder.layout.experts[0]} experts, MiniLM {minilm.shape[1]} numbers")  # fmt: skip


def unit(vectors):
    """Rows at length 1."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def cosines(vectors):
    """The cosines of all pairs of different rows."""
    full = unit(vectors) @ unit(vectors).T
    return full[np.triu_indices(len(full), 1)]


print(f"mean cosine of two different questions: hidden state {cosines(hidden).mean():.2f}, "
      f"MiniLM {cosines(minilm).mean():.2f}")  # fmt: skip

# %% [markdown]
# Questions about different things point in nearly the same direction: the space is a narrow cone. A few numbers of the
# hidden state are large for every text and drown the rest.
#
# ### Exercise 1: take out what all have in common
# The **z-score** of a number is its distance from the mean of that number over a corpus, in standard deviations. Write
# it for all rows at once. (`x.mean(axis=0)`, `x.std(axis=0)`; mind whose.)


# %% tags=["blank"] exercise="1"
def z_scored(rows, corpus):
    """Every number of ``rows`` by the mean and the standard deviation that it has in ``corpus``."""
    return ...


# %% tags=["solution"] exercise="1"
# solution
def z_scored(rows, corpus):
    """Every number of ``rows`` by the mean and the standard deviation that it has in ``corpus``."""
    return (rows - corpus.mean(axis=0)) / corpus.std(axis=0)


# %% tags=["check"] exercise="1"
tried = z_scored(np.array([[3.0, 0.0]]), np.array([[1.0, 0.0], [3.0, 4.0]]))
assert tried is not ..., "z_scored still returns ...; take the corpus's means away and divide."
assert np.allclose(tried, [[1, -1]]), f"Means 2 and 2, deviations 1 and 2: 3 is at 1, 0 at -1, not {tried.tolist()}."
assert abs(cosines(z_scored(hidden, hidden)).mean()) < 0.1, "Z-scored by themselves, rows point everywhere."
print(f"Well done. The mean cosine is now {cosines(z_scored(hidden, hidden)).mean():.2f}.")

# %%
figure, axes = plt.subplots(figsize=(7, 2.6))
centred = (hidden - hidden.mean(axis=0)) / hidden.std(axis=0)
for name, vectors, colour in (("hidden state", hidden, GREY), ("z-scored", centred, BLUE), ("MiniLM", minilm, GREEN)):
    axes.hist(cosines(vectors), bins=np.linspace(-0.5, 1, 61), histtype="step", lw=1.8, color=colour, label=name)
axes.set(xlabel="cosine of two different questions", ylabel="pairs")
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# Mind *whose* mean it is. The published code takes that of the **batch**. Then the vector of a text depends on what
# else is embedded beside it, a question and a document that are embedded on different days do not fit together, and of
# a text alone nothing is left: zero over zero (the published code adds 1e-8 to the deviation and gets zeros). Here it
# is the mean of the indexed corpus, frozen with the index.
#
# ## 2. Where the text was sent
#
# `RW` is the router's softmax in every layer, side by side: 30 layers of 16 shares. MoEE combines it with the hidden
# state `HS`: `concat` puts both into one vector; `sum` adds two cosines, $s = \cos_{HS} + \alpha \cos_{RW}$.
#
# ### Exercise 2: a sum as one vector
# An index searches *one* vector. Make one of both parts, such that the inner product of two such vectors is
# $\cos_{HS} + \alpha \cos_{RW}$: inner products, not yet cosines. (`unit` is above; `np.hstack` puts arrays
# side by side.)


# %% tags=["blank"] exercise="2"
def one_vector(hs, rw, alpha):
    """Rows whose inner products are cos(HS) + alpha cos(RW)."""
    return ...


# %% tags=["solution"] exercise="2"
# solution
def one_vector(hs, rw, alpha):
    """Rows whose inner products are cos(HS) + alpha cos(RW)."""
    return np.hstack([unit(hs), math.sqrt(alpha) * unit(rw)])


# %% tags=["check"] exercise="2"
weights = gated(rows, encoder.layout, "softmax")[:, encoder.layout.hidden :]
tried = one_vector(hidden, weights, 9.0)
assert tried is not ..., "one_vector still returns ...: both parts at length 1, side by side, the second one scaled."
assert tried.shape[1] == hidden.shape[1] + weights.shape[1], "All numbers of both parts belong into the vector."
wanted = unit(hidden) @ unit(hidden).T + 9 * unit(weights) @ unit(weights).T
assert np.allclose(tried @ tried.T, wanted, atol=1e-4), "The factor stands in both vectors of a product: its root."
lengths = np.linalg.norm(tried, axis=1)
print(f"Well done. All have the length {lengths.mean():.3f} = sqrt(1 + 9), so a cosine index ranks by the same sum.")

# %% [markdown]
# ## 3. Better than what?
#
# Now the exam: the same questions, the same chunks, only the vectors differ.

# %%
MOEE = {"kind": "moee_virtual", "max_length": MAX_LENGTH}
ARMS = {
    "minilm": {"kind": "dense", "index": "exact"},
    "bm25": {"kind": "bm25"},
    "virtual_hs": MOEE | {"combine": "hs"},
    "virtual_hs_z": MOEE | {"combine": "hs", "normalise": "corpus"},
    "virtual_rw_z": MOEE | {"combine": "rw", "normalise": "corpus"},
    "virtual_concat_z": MOEE | {"combine": "concat", "normalise": "corpus"},
    "virtual_sum_z": MOEE | {"combine": "sum", "normalise": "corpus", "alpha": "dev"},
}


def compare(name, arms, against):
    """``assay.retrieve`` over the arms, one passage asked for; all are compared with each of ``against``."""
    configurations = [{"id": id_, "arm": "rag", "retriever": one, "depth": 1} for id_, one in arms.items()]
    experiment = BASICS | {"name": name, "configurations": configurations}
    return assay.retrieve(experiment, against=against, store=STORE, runs=RUNS, progress=False)


def table(comparison):
    """nDCG@10 on test with its interval, and what the vectors took."""
    measured = {row.id: row.metrics["ndcg_at_10"] for row in comparison.rows}
    return pd.DataFrame({
        row.id: {"nDCG@10": measured[row.id].mean, "low": measured[row.id].low, "high": measured[row.id].high,
                 "on dev": row.dev, "s to index": row.index_seconds, "s to train": row.train_seconds,
                 "ms a question": 1000 * row.seconds}
        for row in comparison.rows
    }).T  # fmt: skip


def verdicts(comparison):
    """The paired comparisons."""
    return pd.DataFrame(
        {"a": one.a, "b": one.b, "a - b": one.delta, "low": one.low, "high": one.high, "verdict": one.verdict}
        for one in comparison.comparisons
    )


mixture = compare("lab-06-moee", ARMS, against=["virtual_hs", "virtual_hs_z"])
display(table(mixture))

# %% [markdown]
# ### Exercise 3: which pair proves it?
# "Routing weights make a better embedding: with them (`virtual_concat_z`) we beat the hidden state (`virtual_hs`)."
# But those two differ in *two* things. Name, for each claim, the two configurations of the table that differ in it and
# in nothing else, the one that should be better first.

# %% tags=["blank"] exercise="3"
pairs = {
    "the z-score helps the hidden state": ("...", "..."),
    "routing weights add to the z-scored hidden state, in one vector": ("...", "..."),
    "routing weights add to the z-scored hidden state, as a sum": ("...", "..."),
}

# %% tags=["solution"] exercise="3"
# solution
pairs = {
    "the z-score helps the hidden state": ("virtual_hs_z", "virtual_hs"),
    "routing weights add to the z-scored hidden state, in one vector": ("virtual_concat_z", "virtual_hs_z"),
    "routing weights add to the z-scored hidden state, as a sum": ("virtual_sum_z", "virtual_hs_z"),
}

# %% tags=["check"] exercise="3"
differ = {"the z-score helps the hidden state": ("virtual_hs_z", "virtual_hs"),
          "routing weights add to the z-scored hidden state, in one vector": ("virtual_concat_z", "virtual_hs_z"),
          "routing weights add to the z-scored hidden state, as a sum": ("virtual_sum_z", "virtual_hs_z")}  # fmt: skip
for claim, named in pairs.items():
    assert "..." not in named, f"Still open: {claim}."
    assert set(named) <= set(ARMS), f"{claim}: take names from the table, {', '.join(ARMS)}."
    settings = [{k: v for k, v in ARMS[one].items() if k not in ("kind", "max_length")} for one in named]
    assert set(named) == set(differ[claim]), f"{claim}: {named[0]} is {settings[0]}, {named[1]} is {settings[1]}."
    assert tuple(named) == differ[claim], f"{claim}: the one that should be better comes first."
found = {(one.a, one.b): one for one in mixture.comparisons}
print("Well done. And so it came out:")
for claim, pair in differ.items():
    one = found.get(pair)  # what ranks exactly as another configuration is not compared again
    came = f"{one.delta:+.3f} ({one.low:+.3f} to {one.high:+.3f}), {one.verdict}" if one else "ranks exactly alike"
    print(f"   {claim}: {came}")

# %%
verdicts(mixture)

# %% [markdown]
# The published table gives the z-score to `RW`, `concat` and `sum` and withholds it from `HS`: what `virtual_concat_z`
# has over `virtual_hs`, `virtual_hs_z` may have as well. And two rows are those that a team has to look at: `minilm`, a
# small encoder that was *trained* for similarity, and `bm25`, which costs nothing. The same arms on
# NFCorpus stand in `docs/methods.md`, on STS-B in `pipelines/retrieval/moee/README.md`.
#
# ## 4. A black box with something beside it
#
# Assume that MiniLM is an API: it gives vectors, and that is all. **Mafin** puts a small encoder of our own beside it
# and joins both vectors, the share of the black box being $w$:
#
# $$ e = [\sqrt{w}\, e_{bb};\ \sqrt{1-w}\, e_\theta], \qquad s(q, p) = w\, s_{bb}(q, p) + (1-w)\, s_\theta(q, p) $$
#
# ### Exercise 4: how large will the index be?
# The price of the joint vector is its length. Write how many gigabytes ($10^9$ bytes) the vectors of `passages`
# passages take, where a number takes four bytes.


# %% tags=["blank"] exercise="4"
def gigabytes(passages, *dimensions):
    """Of the joint vectors of embeddings with these dimensions, four bytes a number."""
    return ...


# %% tags=["solution"] exercise="4"
# solution
def gigabytes(passages, *dimensions):
    """Of the joint vectors of embeddings with these dimensions, four bytes a number."""
    return passages * sum(dimensions) * 4 / 1e9


# %% tags=["check"] exercise="4"
tried = gigabytes(1_000_000, 384)
assert tried is not ..., "gigabytes still returns ...: passages times numbers times four bytes."
assert math.isclose(tried, 1.536), f"A million vectors of 384 numbers: 1.536 GB, not {tried}."
assert math.isclose(gigabytes(1_000_000, 1536, 384), 7.68), "A joint vector has all numbers of both: 1,920."
print("Well done. Ten million passages, MiniLM as the black box and as the augmenter: "
      f"{gigabytes(10_000_000, 384, 384):.1f} GB instead of {gigabytes(10_000_000, 384):.1f}.")  # fmt: skip

# %% [markdown]
# ### Exercise 5: the loss
# A batch holds questions and one relevant passage of each; the passages of the others are the wrong ones.
# `scores[i, j]` is the *combined* score of question i and passage j. The loss is the mean of
# $-\ln \frac{\exp(s_{ii} / t)}{\sum_j \exp(s_{ij} / t)}$. Gradients reach $e_\theta$ alone, but the loss sees the sum:
# where the black box is right already, there is little to learn. (`torch.logsumexp(x, dim=1)`, `torch.diagonal(x)`.)


# %% tags=["blank"] exercise="5"
def contrastive(scores, temperature):
    """The mean loss of a batch with the right passages on the diagonal."""
    return ...


# %% tags=["solution"] exercise="5"
# solution
def contrastive(scores, temperature):
    """The mean loss of a batch with the right passages on the diagonal."""
    scaled = scores / temperature
    return (torch.logsumexp(scaled, dim=1) - torch.diagonal(scaled)).mean()


# %% tags=["check"] exercise="5"
batch = torch.tensor([[0.9, 0.1, 0.3], [0.2, 0.4, 0.5], [0.0, 0.1, 0.6]], dtype=torch.float64)
tried = contrastive(torch.zeros(2, 2), 0.05)
assert tried is not ..., "contrastive still returns ...: minus the log of the softmax on the diagonal, averaged."
assert abs(float(tried) - math.log(2)) < 1e-6, "Two passages that score alike: the right one has 1/2, the loss is ln 2."
own, theirs = float(contrastive(batch, 0.1)), float(listwise(batch, torch.eye(3, dtype=torch.int64), 0.1))
assert abs(own - theirs) < 1e-6, f"Yours is {own:.4f}, Assay's {theirs:.4f}. Are scores divided by the temperature?"
print(f"Well done: {own:.4f}, as in the trainer of kind mafin. That one also knows grades, and passages that are right "
      "for several questions.")  # fmt: skip

# %% [markdown]
# ### Its cheap rival
# Training pairs can do something much simpler for a black box: a **matrix** $W$ over the vectors of the questions,
# $s = \cos(W q, p)$. Passages and their index stay as they are; there is no second encoder at search time, and the
# matrix is trained in seconds. Whoever shows Mafin without it has shown that training pairs help.

# %%
LEARNT = {"index": "exact", "steps": STEPS}
BLACK_BOX = {
    "black_box": {"kind": "dense", "index": "exact"},
    "bm25": {"kind": "bm25"},
    "untrained": {"kind": "mafin", "index": "exact", "steps": 0},
    "linear_adapter": {"kind": "linear_adapter"} | LEARNT,
    "mafin": {"kind": "mafin", "weight": "dev"} | LEARNT,
}
augmented = compare("lab-06-mafin", BLACK_BOX, against=["black_box", "linear_adapter"])
display(table(augmented), verdicts(augmented))

# %% [markdown]
# ### Exercise 6: how many questions would it take?
# A comparison carries its `minimum_detectable`: a true difference of that size is shown four times out of five. It
# shrinks about with the root of the number of questions (lab 04). How many questions would show a difference of .02
# between Mafin and its cheap rival?

# %%
PAIR = ("mafin", "linear_adapter")  # two that rank exactly alike are not compared; then the first comparison serves

# %% tags=["blank"] exercise="6"
rival = next((one for one in augmented.comparisons if (one.a, one.b) == PAIR), augmented.comparisons[0])
needed = ...

# %% tags=["solution"] exercise="6"
# solution
rival = next((one for one in augmented.comparisons if (one.a, one.b) == PAIR), augmented.comparisons[0])
needed = math.ceil(augmented.questions * (rival.minimum_detectable / 0.02) ** 2)

# %% tags=["check"] exercise="6"
assert needed is not ..., "needed is still ...: augmented.questions times the square of a quotient."
wanted = augmented.questions * (rival.minimum_detectable / 0.02) ** 2
assert needed > augmented.questions / 2 or wanted < augmented.questions, "A finer difference takes a larger exam."
assert abs(needed - wanted) <= 1, (
    f"{augmented.questions} questions show {rival.minimum_detectable:.3f}; so {wanted:.0f}."
)
print(f"Well done. {augmented.questions} questions were asked; to tell .02 takes about {needed:,}.")

# %% [markdown]
# ## What you have done
#
# You saw why hidden states need a z-score and whose statistics it may take, put a sum of two cosines into one index,
# found out which comparison isolates what, computed the price of a joint vector, wrote the loss that trains it, and
# held both methods against their cheap rivals.
#
# **What you have not shown.** The mixture was virtual and the exam small. Nothing here speaks about MoEE on a model
# that was trained to route: `configs/moee.yaml` is that experiment, for a GPU. Mafin had a few dozen steps on a few
# questions; `docs/methods.md` has it on NFCorpus with three seeds and all its rivals.
#
# **Go on.** Take your own documents (`dataset: {kind: folder, ...}`). Put an API in the black box's place
# (`black_box: {kind: langchain, embeddings: langchain_openai.OpenAIEmbeddings, ...}`): its vectors are fetched once and
# kept. Have a language model write the training questions (`pairs: written`, `enrichment: [hypothetical_questions]`).
#
# **Further reading**
# - Z. Li and T. Zhou, *Your Mixture-of-Experts LLM Is Secretly an Embedding Model For Free*, 2024 (arXiv 2410.10814).
# - M. Zhang et al., *Mafin: Enhancing Black-Box Embeddings with Model Augmented Fine-Tuning*, 2024 (arXiv 2402.12177).
# - T. Jiang et al., *Scaling Sentence Embeddings with Large Language Models*, 2023.
# - Z. Zhang et al., *MoEfication: Transformer Feed-forward Layers are Mixtures of Experts*, 2022.
# - K. Ethayarajh, *How Contextual are Contextualized Word Representations?*, EMNLP 2019, for the narrow cone.
# - In this project: `pipelines/retrieval/moee/README.md`, `pipelines/retrieval/mafin/README.md`, `docs/methods.md`.
