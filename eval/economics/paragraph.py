"""The finance paragraph: one copyable piece of plain English for whoever decides on the money."""

from eval.numbers import money
from eval.results import BreakEven, ConfigurationResult, Interval, Results


def finance_paragraph(results: Results) -> str:
    """What the recommended configuration costs, returns and when it pays, with intervals and the scenario behind it.

    What was not measured or not shown is said to be so, in the words of ``Results.absent`` where they are given under
    ``configurations.ID.FIELD`` or ``FIELD``.
    """
    scenario = results.scenario
    chosen = results.configuration(results.recommendation.id)
    said = f"we recommend {chosen.id}"
    if not results.recommendation.decided:
        said = f"these questions do not decide; the cheapest that is not ruled out is {chosen.id}"
    opening = (
        f"At {scenario.questions_per_month:,.0f} questions a month over {scenario.horizon_months:g} months {said}."
    )
    sentences = [opening, _accuracy(chosen), _cost(chosen), _return(chosen, results), *_crossings(chosen, results)]
    sentences.append(
        f"This assumes that a correct answer is worth {money(scenario.correct_usd)}, a wrong one costs "
        f"{money(scenario.wrong_usd)} and handing a question to a person costs {money(scenario.escalation_usd)}; "
        f"prices are those of {scenario.price_book}, the oldest dated {scenario.prices_dated}, and are a scenario, "
        "not a quote."
    )
    if scenario.churn_per_month:
        sentences.append(
            f"It reckons with {100 * scenario.churn_per_month:.3g} % of the facts changing in a month, with retraining "
            f"{_every(scenario.retrain_months)} and re-indexing {_every(scenario.reindex_months)}; what stale answers "
            "lose was measured."
        )
    sentences.append("Ranges are 95 % intervals from the test questions; one-off costs were measured once.")
    return " ".join(sentence for sentence in sentences if sentence)


def _every(months: float | None) -> str:
    return "never" if months is None else f"every {months:g} month{'s' if months != 1 else ''}"


def _range(interval: Interval) -> str:
    return f"{money(interval.value)} ({money(interval.low)} to {money(interval.high)})"


def _accuracy(chosen: ConfigurationResult) -> str:
    correct = chosen.metrics.get("correct")
    if correct is None:
        return ""
    mean, low, high = (100 * share for share in (correct.mean, correct.low, correct.high))
    return f"It answers {mean:.0f} % of test questions correctly ({low:.0f} % to {high:.0f} %)."


def _cost(chosen: ConfigurationResult) -> str:
    cost = chosen.cost
    text = (
        f"Setting it up costs {money(cost.index_usd + cost.train_usd)} once, hosting {money(cost.hosting_usd_month)} a "
        f"month and a thousand questions {_range(cost.per_1k_questions_usd)}"
    )
    if cost.per_correct_usd is None:
        return f"{text}."
    return f"{text}, which comes to {_range(cost.per_correct_usd)} for each correct answer with everything included."


def _return(chosen: ConfigurationResult, results: Results) -> str:
    if chosen.roi is None:
        return f"No return was computed{_reason(results, chosen, 'roi')}."
    roi, baseline = chosen.roi, chosen.roi.baseline.replace("_", " ")
    net = roi.net_usd
    text = f"Against {baseline} it "
    if net.low > 0:
        text += f"gains a net {_range(net)} over the horizon"
    elif net.high < 0:
        text += f"loses a net {_range(net)} over the horizon"
    else:
        text += f"is not shown to gain or lose: the net is {_range(net)} over the horizon"
    if roi.ratio is not None:
        text += f", a return of {_times(roi.ratio.value)} the money spent ({_times(roi.ratio.low)} to "
        text += f"{_times(roi.ratio.high)})"
    if roi.payback_months is not None:
        months = roi.payback_months
        return f"{text}, and pays for itself after {months.value:.1f} months ({months.low:.1f} to {months.high:.1f})."
    reason = _reason(results, chosen, "payback_months") or f" within {roi.horizon_months:g} months"
    return f"{text}; it is not shown to pay for itself{reason}."


def _times(ratio: float) -> str:
    return f"{ratio:,.0f} times" if abs(ratio) >= 100 else f"{ratio:.2g} times"


def _reason(results: Results, chosen: ConfigurationResult, field: str) -> str:
    reason = results.absent.get(f"configurations.{chosen.id}.{field}") or results.absent.get(field)
    return f" ({reason})" if reason else ""


def _crossings(chosen: ConfigurationResult, results: Results) -> list[str]:
    """One sentence for each break-even that involves the recommended configuration."""
    return [_crossing(one, results) for one in results.break_even if chosen.id in (one.a, one.b)]


def _crossing(one: BreakEven, results: Results) -> str:
    better = "cheaper" if one.on == "cost" else "worth more"
    if one.status == "always_a":
        return f"{one.a} is {better} than {one.b} at every volume."
    if one.status == "always_b":
        return f"{one.b} is {better} than {one.a} at every volume."
    if one.status == "undecided" or one.questions is None:
        text = f"Whether {one.a} ever becomes {better} than {one.b} is undecided"
        if one.questions is None:
            return f"{text}."
        return f"{text}: it would take at least {one.questions.low:,.0f} questions."
    volume, asked = one.questions, results.scenario.questions_per_month * results.scenario.horizon_months
    upper = "no upper limit" if volume.high is None else f"{volume.high:,.0f}"
    return (
        f"{one.a} is {better} than {one.b} from {volume.value:,.0f} questions on ({volume.low:,.0f} to {upper}); "
        f"{asked:,.0f} are planned."
    )
