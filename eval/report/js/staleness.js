// The share of answers that facts which change turn wrong; the same as eval/economics/staleness.py.
const shareStale = (months, churn) => (months > 0 ? 1 - (1 - churn) ** months : 0);

// The integral of shareStale from 0 to so many months.
function staleArea(churn, months) {
  if (churn === 0 || churn === 1) return churn * months;
  return months - shareStale(months, churn) / -Math.log(1 - churn);
}

// Its mean over the horizon, refreshed at every full multiple of `every`; null: never.
function meanShareStale(churn, every, horizon) {
  const cycle = every === null ? horizon : Math.min(every, horizon);
  const whole = Math.floor(horizon / cycle + FINE);
  const rest = Math.max(0, horizon - whole * cycle);
  return (whole * staleArea(churn, cycle) + staleArea(churn, rest)) / horizon;
}

// How stale weights and index are on average; what was never made is not refreshed either.
function ages(c, terms) {
  return [
    meanShareStale(terms.churn, c.train > 0 ? terms.retrain : null, terms.months),
    meanShareStale(terms.churn, c.index > 0 ? terms.reindex : null, terms.months),
  ];
}

function lostByStaleness(c, terms) {
  const [weights, index] = ages(c, terms);
  return c.lostByWeights * weights + c.lostByIndex * index;
}
