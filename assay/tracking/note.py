"""The description of the parent run: the verdict first, then one line for each configuration."""

from eval.results import ConfigurationResult, Results

LONGEST_TABLE = 40


def note(results: Results) -> str:
    """Markdown, as MLflow shows it above the run."""
    score = results.primary_metric
    shown = results.configurations[:LONGEST_TABLE]
    left = len(results.configurations) - len(shown)
    lines = [
        *(f"**{warning}**\n" for warning in results.warnings),
        f"**{results.recommendation.headline}** {results.recommendation.because}",
        "",
        f"| configuration | cell | {score} | 95 % interval | USD per 1,000 questions | training USD |",
        "|---|---|---|---|---|---|",
        *(_line(configuration, score) for configuration in shown),
        *([f"\n{left} more configurations in the child runs."] if left else []),
        "",
        f"{len(results.pareto)} of {len(results.configurations)} configurations are on the Pareto front. "
        "The artifacts hold report.html (open it first), results.json, per_question.parquet and experiment.yaml, "
        "which runs again.",
    ]
    return "\n".join(lines)


def _line(configuration: ConfigurationResult, score: str) -> str:
    estimate = configuration.metrics.get(score)
    measured = (
        f"{estimate.mean:.3f} | {estimate.low:.3f} to {estimate.high:.3f}"
        if estimate
        else "not measured | not measured"
    )
    cost = configuration.cost
    return (
        f"| {configuration.id} | {configuration.arm} | {measured} "
        f"| {cost.per_1k_questions_usd.value:.3g} | {cost.train_usd:.3g} |"
    )
