"""What a language model writes about chunks: all prompts of a batch in one call, and what failed counted.

A reply with an error, or an empty one, is "" here, and the techniques then index the chunk as it was. Each call logs
one warning with their number on the logger ``pipelines.pre_retrieval.enrichment.replies``: an index that was quietly
half enriched would be compared as if it were whole.
"""

import logging
from collections.abc import Sequence

from pipelines.records import Prompt
from pipelines.tools import Tools

logger = logging.getLogger(__name__)


def replies(prompts: Sequence[Prompt], max_new_tokens: int, tools: Tools) -> list[str]:
    """The stripped reply to each prompt; "" where the model failed. Equal prompts are asked once."""
    distinct = list(dict.fromkeys(prompts))
    answers = tools.complete(distinct, max_new_tokens) if distinct else []
    texts = {
        prompt: "" if answer.error else answer.text.strip() for prompt, answer in zip(distinct, answers, strict=True)
    }
    return [texts[prompt] for prompt in prompts]


def warn_of_fallbacks(technique: str, fell_back: int, asked: int) -> None:
    """One warning where anything fell back to the plain chunk."""
    if fell_back:
        logger.warning("%s: %d of %d chunks are indexed without it (no usable reply)", technique, fell_back, asked)


def prompts_of(template: str, fillings: Sequence[str]) -> list[Prompt]:
    """The filled templates as prompts. Their shared prefix is the template up to its first placeholder."""
    prefix = template.partition("{")[0]
    return [Prompt(text, prefix if text.startswith(prefix) else "") for text in fillings]
