"""The work done with the libraries people usually put together: LangChain over Chroma with a Hugging Face pipeline, the
stock TRL trainer, MLflow. Nothing of Assay is used but the metrics, so that all are scored alike."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from random import Random
from typing import Any

from .measured import Clock, Measured
from .retrieval import embedding_model, retrievers
from .stopping import at_line_end
from .work import Asked, Cell, Work

Inputs = dict[str, str]
"""What a chain is given: ``question``, and ``gold`` for the chains that read the gold passages."""


@dataclass(frozen=True)
class Style:
    """How the plain stack is written. ``dtype`` None is the library's default; ``batch`` 1 is one question after
    another; ``stop`` ends answers at the line end; ``matched`` takes over Assay's other settings too (one index for
    each distinct set of chunks, texts embedded once, no gradient checkpointing, the same learning rate schedule)."""

    dtype: str | None
    batch: int
    stop: bool
    matched: bool


def style_of(name: str, work: Work) -> Style:
    """The styles by contestant name."""
    return {
        "plain": Style(dtype=None, batch=1, stop=False, matched=False),
        "plain_bf16": Style(dtype="bfloat16", batch=1, stop=False, matched=False),
        "matched": Style(dtype=work.dtype, batch=work.batch, stop=True, matched=True),
    }[name]


def run(name: str, work: Work, folder: Path) -> Measured:
    """One cold run in an empty ``folder``."""
    style, clock = style_of(name, work), Clock(name)
    embeddings = embedding_model(work, share=style.matched)
    with clock.part("tune"):
        adapter = tune(work, style, folder / "adapter") if work.tuning else None
    models = {False: language_model(work, style, None)}
    if adapter is not None:
        models[True] = language_model(work, style, adapter)
    with clock.part("index"):
        found = retrievers(work, embeddings, folder / "chroma", share=style.matched)
    prompts = {cell.id: prompt_chain(cell, found.get(cell.id)) for cell in work.cells}
    answers = {}
    for cell in work.cells:
        with clock.part("answer", cell.id):
            answers[cell.id] = answer(work, prompts[cell.id], models[cell.tuned], style.batch)
    with clock.part("probe"):
        times = probe(work, {cell.id: prompts[cell.id] | models[cell.tuned] for cell in work.cells})
    with clock.part("log"):
        scores = log(work, answers, times, folder)
    return Measured(parts=clock.parts, scores=scores)


def tune(work: Work, style: Style, folder: Path) -> Path:
    """LoRA on the training pairs with ``SFTTrainer``; gives the adapter's folder."""
    from datasets import Dataset
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    tuning = work.tuning
    assert tuning is not None
    matching: dict[str, Any] = {}
    if style.dtype is not None:
        matching |= {"model_init_kwargs": {"dtype": style.dtype}}
    if style.matched:
        matching |= {
            "gradient_checkpointing": False,
            "bf16": style.dtype == "bfloat16",
            "lr_scheduler_type": tuning.scheduler,
            "warmup_steps": tuning.warmup_ratio,
            "train_sampling_strategy": "group_by_length",
        }
    arguments = SFTConfig(
        output_dir=str(folder / "checkpoints"),
        num_train_epochs=tuning.epochs,
        per_device_train_batch_size=tuning.batch_size,
        learning_rate=tuning.learning_rate,
        seed=work.seed,
        use_cpu=True,
        disable_tqdm=True,
        **matching,
    )
    trainer = SFTTrainer(
        model=str(work.model),
        args=arguments,
        train_dataset=Dataset.from_list([pair.model_dump() for pair in work.pairs]),
        peft_config=LoraConfig(
            r=tuning.rank, lora_alpha=tuning.alpha, target_modules="all-linear", task_type="CAUSAL_LM"
        ),
    )
    trainer.train()
    trainer.save_model(str(folder))
    return folder


def language_model(work: Work, style: Style, adapter: Path | None) -> Any:
    """A runnable from prompt to answer: the pipeline, greedy, and the first line of what it writes."""
    from langchain_core.output_parsers import StrOutputParser
    from langchain_huggingface import HuggingFacePipeline
    from transformers import AutoModelForCausalLM, AutoTokenizer, pipeline

    tokenizer = AutoTokenizer.from_pretrained(work.model, padding_side="left")
    model = AutoModelForCausalLM.from_pretrained(work.model, **({"dtype": style.dtype} if style.dtype else {}))
    if adapter is not None:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, adapter).merge_and_unload()
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    generator = pipeline(
        "text-generation",
        model=model,
        tokenizer=tokenizer,
        max_new_tokens=work.max_new_tokens,
        do_sample=False,
        return_full_text=False,
        batch_size=style.batch,
        **({"stopping_criteria": at_line_end(tokenizer)} if style.stop else {}),
    )
    llm = HuggingFacePipeline(pipeline=generator, batch_size=style.batch)
    return llm | StrOutputParser() | first_line


def first_line(text: str) -> str:
    """What stands before the first line end."""
    return text.partition("\n")[0].strip()


def prompt_chain(cell: Cell, retriever: Any) -> Any:
    """A runnable from ``Inputs`` to the prompt: context and question filled into the cell's template."""
    from langchain_core.prompts import PromptTemplate
    from langchain_core.runnables import RunnableLambda

    context: Any
    if cell.context == "retrieved":
        context = itemgetter("question") | retriever | (lambda found: passages(found[: cell.depth]))
    else:
        context = RunnableLambda(itemgetter("gold") if cell.context == "gold" else lambda _: "")
    return {"context": context, "question": itemgetter("question")} | PromptTemplate.from_template(cell.template)


def passages(found: list[Any]) -> str:
    """Retrieved documents as they stand in the prompt."""
    return "".join(f"Passage: {document.metadata['text'].strip()}\n" for document in found)


def inputs(question: Asked) -> Inputs:
    """What a chain is asked with."""
    return {"question": question.text, "gold": "".join(f"Passage: {text.strip()}\n" for text in question.gold)}


def answer(work: Work, prompts: Any, model: Any, batch: int) -> list[str]:
    """The answers to all questions: one after another, or in batches of prompts of like length."""
    asked = [inputs(question) for question in work.questions]
    if batch == 1:
        chain = prompts | model
        return [chain.invoke(one) for one in asked]
    # The embedder's tokenizer is no thing for several threads at once.
    written = prompts.batch(asked, config={"max_concurrency": 1})
    order = sorted(range(len(written)), key=lambda index: len(written[index].text))
    answered = model.batch([written[index] for index in order])
    return [text for _, text in sorted(zip(order, answered, strict=True))]


def probe(work: Work, chains: dict[str, Any]) -> dict[str, list[float]]:
    """Seconds of single requests by configuration, interleaved in random order after one to warm up."""
    from time import perf_counter

    requests = [(name, index) for name in chains for index in work.probe]
    Random(work.seed).shuffle(requests)
    for chain in chains.values() if work.probe else ():
        chain.invoke(inputs(work.questions[work.probe[0]]))
    times: dict[str, list[float]] = {name: [] for name in chains}
    for name, index in requests:
        started = perf_counter()
        chains[name].invoke(inputs(work.questions[index]))
        times[name].append(perf_counter() - started)
    return times


def log(
    work: Work, answers: dict[str, list[str]], times: dict[str, list[float]], folder: Path
) -> dict[str, tuple[float, float]]:
    """Score every answer and write one MLflow run a configuration below a common one. Gives mean F1 and exact match."""
    from statistics import mean, median

    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    experiment = mlflow.create_experiment("plain", artifact_location=(folder / "artifacts").as_uri())
    scores = {}
    with mlflow.start_run(experiment_id=experiment, run_name="plain"):
        for cell in work.cells:
            table = score_table(work, answers[cell.id])
            scores[cell.id] = (mean(table["f1"]), mean(table["exact_match"]))
            with mlflow.start_run(experiment_id=experiment, run_name=cell.id, nested=True):
                mlflow.log_params(cell.model_dump(exclude={"template"}))
                mlflow.log_metrics({"f1": scores[cell.id][0], "exact_match": scores[cell.id][1]})
                if times[cell.id]:
                    mlflow.log_metric("latency_p50", median(times[cell.id]))
                mlflow.log_text(cell.template, "prompt.txt")
                mlflow.log_table(table, "per_question.json")
    return scores


def score_table(work: Work, answers: list[str]) -> dict[str, list[Any]]:
    """One row a question, by column."""
    from eval.metrics import exact_match, f1

    def scored(metric: Callable[..., float | None]) -> list[float]:
        pairs = zip(work.questions, answers, strict=True)
        return [metric(text, q.answers, q.answerable, language=work.language) or 0.0 for q, text in pairs]

    return {
        "question": [question.text for question in work.questions],
        "answer": answers,
        "f1": scored(f1),
        "exact_match": scored(exact_match),
    }
