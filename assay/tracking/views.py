"""The pages that answer "RAG or fine-tuning, at what cost" in MLflow's own interface.

MLflow's interface keeps a shared view of its runs page (columns, filter, charts) in a tag of the experiment and opens
it by ``viewStateShareKey``. The form of the tag is the interface's own and undocumented; where another version does
not know it, the page opens with its usual columns, and nothing else is lost.
"""

import json
import re
from typing import Any, Literal

from eval.results import Results

Mode = Literal["TABLE", "CHART", "ARTIFACT"]
VIEW = "assay"
TAG = f"mlflow.sharedViewState.{VIEW}"
SECTION = "RAG or fine-tuning, at what cost"
# The interface's own section, into which it puts a chart for every metric it finds.
EVERY_METRIC = "Model metrics"
NARROWEST = 120
PER_1K = "cost.per_1k_questions_usd"


def view_state(results: Results, parent: str) -> str:
    """The view of one experiment: its configurations, best first, in the columns that decide, and four charts."""
    score = results.primary_metric
    tracks = [f"{track}.{score}" for track in results.dataset.tracks]
    shared = _shared_metrics(results)
    scores = [name for name in (score, *tracks, f"{score}.low", f"{score}.high") if name in shared]
    money = [PER_1K, "cost.train_usd", "latency.p50", "roi.net_usd"]
    columns = [
        _column("params", "arm"),
        *(_column("metrics", name) for name in (*scores[:-2], *money, *scores[-2:])),
        _column("tags", "assay.recommended"),
    ]
    state = {
        "searchFilter": f"tags.`mlflow.parentRunId` = '{parent}'",
        "orderByKey": _column("metrics", score),
        "orderByAsc": False,
        "selectedColumns": columns,
        "columnOrder": columns,
        "columnWidths": {column: max(NARROWEST, 8 * len(column.split("`")[1])) for column in columns},
        "runsHiddenMode": "SHOW_ALL",
        "compareRunCharts": _charts(score, [name for name in tracks if name in shared], shared),
        "compareRunSections": [
            {"uuid": "assay", "name": SECTION, "display": True, "isReordered": True, "columns": 2},
            {"uuid": "all", "name": EVERY_METRIC, "display": False, "isReordered": True},
        ],
        "isAccordionReordered": True,
        "autoRefreshEnabled": False,
    }
    return json.dumps(state)


def runs_path(experiment_id: str, mode: Mode = "TABLE") -> str:
    """The page of the shared view below the address of the interface: the table of configurations, the charts, or
    what each configuration answered to each question."""
    return f"/#/experiments/{experiment_id}/runs?viewStateShareKey={VIEW}&compareRunsMode={mode}"


def _charts(score: str, tracks: list[str], shared: set[str]) -> list[dict[str, Any]]:
    charts: list[dict[str, Any]] = [
        _scatter("cost", PER_1K, score),
        {**_chart("score", "BAR"), "metricKey": score, "displayName": score},
        {
            **_chart("parallel", "PARALLEL"),
            "selectedParams": ["arm"],
            "selectedMetrics": [*tracks, PER_1K, score],
            "showAllRuns": False,
        },
    ]
    if "latency.p50" in shared:
        charts.append(_scatter("latency", "latency.p50", score))
    return charts


def _scatter(uuid: str, x: str, y: str) -> dict[str, Any]:
    axes = {"xaxis": {"key": x, "type": "METRIC"}, "yaxis": {"key": y, "type": "METRIC"}}
    return {**_chart(uuid, "SCATTER"), **axes}


def _chart(uuid: str, kind: str) -> dict[str, Any]:
    return {
        "uuid": f"assay-{uuid}",
        "type": kind,
        "metricSectionId": "assay",
        "runsCountToCompare": 100,
        "deleted": False,
        "isGenerated": False,
    }


def _shared_metrics(results: Results) -> set[str]:
    """Metrics that every configuration has: a chart over others would leave runs out."""
    from assay.tracking.values import configuration_metrics

    found = [set(configuration_metrics(results, configuration)) for configuration in results.configurations]
    return set.intersection(*found) if found else set()


def _column(kind: str, name: str) -> str:
    return f"{kind}.`{re.sub('`', '', name)}`"
