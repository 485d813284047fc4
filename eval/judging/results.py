"""What judging says: scores, how many replies could not be read, and how far the judge agrees with people."""

from pydantic import Field

from eval.results import Agreement, Number, Part

__all__ = ["Agreement", "Calibration", "JudgeUsage", "Judged", "JudgedMetric", "PreferenceAgreement"]


class JudgeUsage(Part):
    """What the judge took. Tokens are 0 where a judge does not tell them."""

    calls: int = 0
    prompt_tokens: int = 0
    output_tokens: int = 0
    seconds: Number = 0.0

    def __add__(self, other: "JudgeUsage") -> "JudgeUsage":
        return JudgeUsage(
            calls=self.calls + other.calls,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            seconds=self.seconds + other.seconds,
        )


class PreferenceAgreement(Part):
    """How a judge of answer pairs compares with people. ``agreement`` is Cohen's kappa over a, b and tie, ``share``
    the rows of one opinion. Every pair was asked for in both orders; ``flipped`` rows got another verdict when the
    answers changed places, and count as a tie. ``absent`` says why there is no agreement."""

    judge: str
    rows: int
    flipped: int
    unparsable: int
    share: Number | None = None
    agreement: Agreement | None = None
    absent: str = ""
    usage: JudgeUsage = JudgeUsage()


class Calibration(Part):
    """The judge measured against people: an agreement, or the reason for its absence, for each quality."""

    judge: str
    agreement: dict[str, Agreement] = Field(default_factory=dict)
    absent: dict[str, str] = Field(default_factory=dict)
    preference: PreferenceAgreement | None = None
    usage: JudgeUsage = JudgeUsage()


class JudgedMetric(Part):
    """One judged metric of one configuration.

    ``values`` holds one value a question, None where the metric does not apply, the question was not drawn, or there
    is no judgement; it is empty where the metric is absent, and ``absent`` says why. Of the ``judged`` questions,
    ``unparsable`` got a reply that could not be read, ``failed`` got none, and for ``undefined`` ones ragas defines no
    value (the judge found no statement to check). ``problem`` is the first reply's fault, as an example. ``repeat_sd``
    is the standard deviation between repeats of one question, pooled over questions.
    """

    values: tuple[Number | None, ...] = ()
    judged: int = 0
    unparsable: int = 0
    failed: int = 0
    undefined: int = 0
    problem: str = ""
    repeat_sd: Number | None = None
    agreement: Agreement | None = None
    no_agreement: str = ""
    absent: str = ""

    @property
    def mean(self) -> float | None:
        """Mean of the values there are."""
        known = [value for value in self.values if value is not None]
        return sum(known) / len(known) if known else None


class Judged(Part):
    """The judged metrics of one configuration. ``usage`` counts the calibration too where this call made it."""

    judge: str
    metrics: dict[str, JudgedMetric]
    preference: PreferenceAgreement | None = None
    usage: JudgeUsage = JudgeUsage()
