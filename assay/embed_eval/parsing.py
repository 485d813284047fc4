"""Which embedder a command line means."""

from pathlib import Path

from pipelines.errors import UserError
from pipelines.registry import StageConfig


def parse_embedder(text: str) -> StageConfig:
    """The config that ``text`` names: a kind, a mapping in YAML, or a YAML file with one. Raises ``UserError``."""
    import yaml
    from pydantic import TypeAdapter, ValidationError

    from pipelines.retrieval.embedders import EmbedderField

    path = Path(text)
    named = path.suffix in (".yaml", ".yml")
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8") if named else text)
    except FileNotFoundError as error:
        raise UserError(f"{path}: there is no such file") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = str(error).split("\n")[0]
        raise UserError(f"embedder {text!r}: not valid YAML: {reason}") from error
    try:
        config: StageConfig = TypeAdapter(EmbedderField).validate_python(
            data, context={"folder": path.parent} if named else None
        )
    except ValidationError as error:
        found = (f"embedder {'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise UserError("\n".join(line.replace(" :", ":") for line in found)) from error
    return config
