// What a configuration costs over time; the same sums as eval/economics/spending.py.
// terms: {asked: questions a month, price: multiple of all prices, retrain, reindex: months between, or null}.
const FINE = 1e-9;

// Repeats due before the end of so many months: one on the last day is left out.
const repeatsBefore = (every, months) => (every === null ? 0 : Math.max(0, Math.ceil(months / every) - 1));

function repeatedUsd(c, months, terms) {
  return repeatsBefore(terms.retrain, months) * c.train + repeatsBefore(terms.reindex, months) * c.index;
}

// Machines at the peak of a volume, where they are dedicated; null where they are not.
function machinesAt(c, asked) {
  return c.machine === null ? null : Math.max(1, Math.ceil((c.load * asked) / charts.volume - FINE));
}

const hostingAt = (c, asked) => c.hosting + (c.machine === null ? 0 : c.machine * machinesAt(c, asked));

// Everything that does not depend on questions one by one; what was paid once is left out where it is spent already.
function fixedUsd(c, months, terms, spent = false) {
  const once = spent ? 0 : c.index + c.train;
  return terms.price * (once + hostingAt(c, terms.asked) * months + repeatedUsd(c, months, terms));
}

const perQuestionUsd = (c, terms, bound = 0) => (terms.price * c.perThousand[bound]) / 1000;

const costAt = (c, months, terms, bound = 0) => fixedUsd(c, months, terms) + terms.asked * months * perQuestionUsd(c, terms, bound);

// The months at which the cumulative cost of a configuration jumps.
function jumps(c, months, terms) {
  const found = new Set();
  for (const [every, usd] of [[terms.retrain, c.train], [terms.reindex, c.index]]) {
    if (usd > 0) for (let i = 1; i <= repeatsBefore(every, months); i++) found.add(every * i);
  }
  return [...found];
}
