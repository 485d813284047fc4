"""JSON Schemas: of experiment files, with every kind there is and grids allowed, and of results."""

from typing import Any

from assay.registries import registries


def results_schema() -> dict[str, Any]:
    """Schema of ``results.json``."""
    from eval.results import Results

    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Results.model_json_schema()}


def experiment_schema() -> dict[str, Any]:
    """Schema of an experiment file. Fields that hold a stage list its kinds; any field of a configuration may hold
    ``{grid: [...]}`` in place of a value."""
    from assay.experiment import Experiment
    from assay.loading import DEFAULTS

    schema = Experiment.model_json_schema()
    definitions: dict[str, Any] = schema.setdefault("$defs", {})
    for stage, registry in registries().items():
        names = []
        for name, kind in registry.kinds().items():
            part = kind.config.model_json_schema()
            definitions |= part.pop("$defs", {})
            part["required"] = sorted({"kind", *part.get("required", [])})
            definitions[f"{stage}:{name}"] = part
            names.append({"$ref": f"#/$defs/{stage}:{name}"})
        definitions[f"stage:{stage}"] = {"anyOf": [*names, {"enum": list(registry.kinds())}]}
    gridded = {name: part for name, part in definitions.items() if name == "Configuration" or ":" in name}
    for name, part in gridded.items():
        if not name.startswith(("stage:", "dataset:", "llm:")):
            part["properties"] = {key: _gridded(value) for key, value in part.get("properties", {}).items()}
    for key in DEFAULTS:
        one = {"$ref": f"#/$defs/stage:{key}"}
        some = {"type": "array", "items": one} if key == "enrichment" else one
        schema["properties"][key] = {**some, "description": f"{key} of all configurations"}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_linked(schema)}


def _gridded(value: dict[str, Any]) -> dict[str, Any]:
    grid = {"type": "object", "properties": {"grid": {"type": "array", "items": value}}, "required": ["grid"]}
    return {"anyOf": [value, {**grid, "additionalProperties": False}], "description": value.get("description", "")}


def _linked(value: Any) -> Any:
    """The schema with each stage's placeholder replaced by a reference to its kinds."""
    if isinstance(value, dict):
        if set(value) >= {"type", "stage"} and isinstance(value["stage"], str):
            rest = {key: part for key, part in value.items() if key not in ("type", "stage")}
            return {"$ref": f"#/$defs/stage:{value['stage']}", **rest}
        return {key: _linked(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_linked(part) for part in value]
    return value
