"""How the numbers were made, as lists of (what, how)."""

from eval.numbers import count, duration, score
from eval.report.wording import in_words, metric_name
from eval.results import ConfigurationResult, Estimate, JudgeQuality, Results

Rows = list[tuple[str, str]]


def how_measured(results: Results) -> list[tuple[str, Rows]]:
    """Titled lists for the last section; a list without rows is left out."""
    lists = [
        ("Data", _data(results)),
        ("Rules", _rules(results)),
        ("Judged metrics", _judged(results)),
        ("Learnt or chosen on train and dev", _learnt(results)),
        ("Prices", _prices(results)),
        ("Machine", _machine(results)),
        ("Timings", [(name.replace("_", " "), duration(value)) for name, value in results.timings.items()]),
        ("Not measured, and why", [(name, reason) for name, reason in results.absent.items()]),
    ]
    return [(title, rows) for title, rows in lists if rows]


def _learnt(results: Results) -> Rows:
    return [(one.id, in_words(one.learnt)) for one in results.configurations if one.learnt]


def _data(results: Results) -> Rows:
    data = results.dataset
    rows = [
        ("Dataset", f"{data.name} ({data.language}), {count(data.documents)} documents"),
        ("Questions", ", ".join(f"{split} {count(number)}" for split, number in data.questions.items())),
        ("Test questions by track", ", ".join(f"{name} {count(number)}" for name, number in data.tracks.items())),
        ("Leakage guard", results.neighbours),
        ("Source", data.source),
        ("Licence", data.licence),
        ("Fingerprint", data.fingerprint),
    ]
    return [(what, how) for what, how in rows if how]


def _rules(results: Results) -> Rows:
    methods = sorted({c.metrics[results.primary_metric].method for c in _scored(results)})
    paired = sorted({c.method for c in results.comparisons if c.method})
    seeds = sorted({c.seeds for c in results.configurations if "lora" in c.arm})
    rows = [
        (
            "Choices",
            "prompt, depth and the configuration that stands for its arm were chosen on dev; test was read once",
        ),
        ("Primary metric", metric_name(results.primary_metric)),
        ("Intervals", f"95 %, {', '.join(methods)}"),
        ("Paired comparisons", ", ".join(paired)),
        ("Recommendation rule", results.recommendation.rule),
        ("Seed", str(results.seed)),
        ("Seeds of tuned configurations", ", ".join(str(number) for number in seeds)),
    ]
    return [(what, how) for what, how in rows if how]


def _scored(results: Results) -> list[ConfigurationResult]:
    return [c for c in results.configurations if results.primary_metric in c.metrics]


def _judged(results: Results) -> Rows:
    """Each judged metric of each configuration, with what is known of its judge."""
    return [
        (f"{metric_name(metric)}, {one.id}", f"{_interval(one.metrics[metric])}; {_trust(quality)}")
        for one in results.configurations
        for metric, quality in one.judged.items()
        if metric in one.metrics
    ]


def _interval(value: Estimate) -> str:
    return f"{score(value.mean)} [{score(value.low)}, {score(value.high)}]"


def _trust(quality: JudgeQuality) -> str:
    said = [f"judged by {quality.judge} on {count(quality.judged)} questions"]
    if quality.agreement is not None:
        one = quality.agreement
        name = "Cohen's kappa" if one.statistic == "cohen_kappa" else "Kendall's tau"
        said.append(f"agreement with people {score(one.value)} [{score(one.low)}, {score(one.high)}] ({name})")
        if one.human is not None:
            said.append(f"people among themselves {score(one.human)}")
    else:
        said.append(quality.no_agreement)
    if quality.repeat_sd is not None:
        said.append(f"repeats differ by {score(quality.repeat_sd)} (standard deviation)")
    if quality.unparsable or quality.failed:
        said.append(f"{count(quality.unparsable)} replies could not be read, {count(quality.failed)} did not come")
    return "; ".join(part for part in said if part)


def _prices(results: Results) -> Rows:
    scenario = results.scenario
    return [
        ("Price book", f"{scenario.price_book}, prices of {scenario.prices_dated}"),
        ("Status quo", scenario.status_quo),
    ]


def _machine(results: Results) -> Rows:
    machine = results.environment
    return [
        ("Processor", f"{machine.cpu}, {machine.threads} threads"),
        ("GPU", machine.gpu or "none"),
        ("Python", machine.python),
        ("Libraries", ", ".join(f"{name} {version}" for name, version in sorted(machine.packages.items()))),
    ]
