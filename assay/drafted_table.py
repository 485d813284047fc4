"""What ``assay data questions`` says about the file it wrote."""

import shlex
from pathlib import Path

from assay.drafting import Drafted


def drafted_table(drafted: Drafted, folder: Path, llm: str | None, skip_unreadable: bool = False) -> str:
    """Counts, what was thrown away, and the next two steps."""
    total = sum(drafted.splits.values())
    splits = ", ".join(f"{split} {drafted.splits.get(split, 0)}" for split in ("test", "dev", "train"))
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(drafted.kinds.items()))
    lines = [f"{drafted.path}: {total} questions ({splits}; {kinds})"]
    if drafted.dropped:
        by_count = sorted(drafted.dropped.items(), key=lambda one: (-one[1], one[0]))
        lines.append("thrown away: " + ", ".join(f"{reason} {count}" for reason, count in by_count))
    if drafted.spent.output_tokens:
        spent = drafted.spent
        lines.append(f"tokens: {spent.prompt_tokens:,} read, {spent.output_tokens:,} written; {spent.seconds:.0f} s")
    empty = [split for split in ("test", "dev", "train") if not drafted.splits.get(split)]
    if empty:
        lines.append(f"no question for {' and '.join(empty)}: give more documents or a larger --number")
    if llm == "embedded" and drafted.kinds.get("written"):
        lines.append(
            "the embedded model is no credible writer: review its questions one by one, or name a stronger one"
        )
    lines.append(f"next: assay data review {shlex.quote(str(drafted.path))}")
    skipping = ", skip_unreadable: true" if skip_unreadable else ""
    lines.append(f"then: dataset: {{kind: folder, documents: {folder}, questions: {drafted.path}{skipping}}}")
    return "\n".join(lines)
