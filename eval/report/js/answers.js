// The embedded answers: columns of equal length, one place a row.
function openAnswers(data) {
  const rows = data.rows;
  const byPair = new Map();
  const key = (question, configuration) => question * data.configurations.length + configuration;
  for (let row = 0; row < rows.question.length; row++) {
    const place = key(rows.question[row], rows.configuration[row]);
    const kept = byPair.get(place);
    if (kept === undefined || rows.seed[row] < rows.seed[kept]) byPair.set(place, row);
  }
  const first = (row) => byPair.get(key(rows.question[row], rows.configuration[row]));
  const repeated = new Set(rows.configuration.filter((_, row) => rows.seed[row] !== rows.seed[first(row)]));
  return {
    ...data,
    // Whether a configuration was trained more than once, so that its rows need their seed.
    repeated: (configuration) => repeated.has(configuration),
    size: rows.question.length,
    // The row of the first seed, or undefined.
    rowOf: (question, configuration) => byPair.get(key(question, configuration)),
    outcome(row) {
      if (rows.error[row]) return "failed";
      const value = rows.metrics.correct ? rows.metrics.correct[row] : null;
      return value === null ? "" : value >= 0.5 ? "right" : "wrong";
    },
    expected: (question) => data.questions.expected[question][0] ?? (data.questions.answerable[question] ? "" : "(unanswerable: a refusal)"),
    passagesOf: (row) => rows.passages[row].map((place) => data.passages[place]),
  };
}

// What one answer costs, and a thousand like it: single answers are too cheap to read.
const priceText = (usd) => (usd === null ? "" : `${money(usd)} · ${money(usd * 1000)} per 1,000`);

const OUTCOMES = { right: "Right", wrong: "Wrong", failed: "Failed", "": "Not judged" };
const outcomeMark = (outcome) => html("span", { class: `mark ${outcome || "unjudged"}` }, OUTCOMES[outcome]);
