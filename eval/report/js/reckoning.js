// Net value, cost and cost per correct answer under any terms, by the formulas of eval/economics.
// An interval is given where it follows from the run's own, and is null elsewhere.
function openMoney(data) {
  const byName = new Map(data.configurations.map((c) => [c.id, c]));
  return { ...data.money, entrants: data.money.entrants.map((one) => ({ ...byName.get(one.id), ...one })) };
}

// What a question is worth with a configuration, less what it costs.
function gainPerQuestion(c, terms) {
  const wrong = 1 - c.correct - c.refused;
  const fresh = c.correct * terms.correct - wrong * terms.wrong + c.refused * (terms.correct - terms.escalation);
  return fresh - lostByStaleness(c, terms) * (terms.correct + terms.wrong) - perQuestionUsd(c, terms);
}

// The status quo as {id, gain a question, fixed dollars}; what it cost once is spent.
function standingQuo(money, terms) {
  const quo = money.entrants.find((c) => c.id === money.statusQuo);
  if (quo) return { id: quo.id, c: quo, gain: gainPerQuestion(quo, terms), fixed: fixedUsd(quo, terms.months, terms, true) };
  const worth = money.statusQuo === null ? terms.correct - terms.escalation : money.statusQuo;
  return { id: "the status quo", c: null, gain: worth, fixed: 0 };
}

function reckon(money, terms) {
  const quo = standingQuo(money, terms);
  const rows = money.entrants.map((c) => (c === quo.c ? atRest(money, c, terms, quo) : against(money, c, terms, quo)));
  return { quo, rows: rows.sort((a, b) => b.net - a.net) };
}

function figures(money, c, terms) {
  const asked = terms.asked * terms.months;
  const fixed = fixedUsd(c, terms.months, terms);
  const [cost, low, high] = [0, 1, 2].map((bound) => fixed + asked * perQuestionUsd(c, terms, bound));
  const right = c.correct - lostByStaleness(c, terms);
  const perCorrect = c.perCorrect && right > 0 ? cost / asked / right : null;
  return { id: c.id, c, cost, costBetween: [low, high], perCorrect, perCorrectBetween: perCorrectBetween(money, c, terms, perCorrect), machines: machinesAt(c, terms.asked) };
}

function against(money, c, terms, quo) {
  const asked = terms.asked * terms.months;
  const [gain, fixed] = [gainPerQuestion(c, terms), fixedUsd(c, terms.months, terms)];
  const net = asked * (gain - quo.gain) - (fixed - quo.fixed);
  return { ...figures(money, c, terms), gain, fixed, net, netBetween: netBetween(money, c, terms, quo) };
}

// The status quo against itself: nothing is spent and nothing gained.
const atRest = (money, c, terms, quo) => ({ ...figures(money, c, terms), gain: quo.gain, fixed: quo.fixed, net: 0, netBetween: [0, 0] });

const sameAges = (c, terms, declared) => ages(c, terms).every((age, i) => age === ages(c, declared)[i]);

// As long as a question gains what it did, its interval is the run's; only volume and fixed costs differ.
function netBetween(money, c, terms, quo) {
  const declared = money.declared;
  const same = ["correct", "wrong", "escalation", "price"].every((name) => terms[name] === declared[name]);
  if (!c.net || !same || ![c, quo.c].filter(Boolean).every((one) => sameAges(one, terms, declared))) return null;
  const fixedOf = (t) => fixedUsd(c, t.months, t) - (quo.c ? fixedUsd(quo.c, t.months, t, true) : 0);
  const times = (terms.asked * terms.months) / (declared.asked * declared.months);
  return c.net.slice(1).map((limit) => times * (limit + fixedOf(declared)) - fixedOf(terms));
}

// It moves with the prices, and so does its interval; whatever else changes it leaves it without one.
function perCorrectBetween(money, c, terms, value) {
  if (value === null || !sameAges(c, terms, money.declared)) return null;
  const same = Math.abs(value / terms.price / c.perCorrect[0] - 1) < FINE;
  return same ? c.perCorrect.slice(1).map((limit) => limit * terms.price) : null;
}

// From how many questions over the horizon on one is worth more than the other: {better, other, questions}, 0 for
// every volume, null where the two never differ.
function breakEven(a, b) {
  let fixed = a.fixed - b.fixed;
  if (Math.abs(fixed) <= FINE * Math.max(a.fixed, b.fixed)) fixed = 0;
  if (fixed < 0) return breakEven(b, a);
  const gain = a.gain - b.gain;
  if (gain === 0 && fixed === 0) return null;
  if (gain <= 0) return { better: b, other: a, questions: 0 };
  return { better: a, other: b, questions: fixed / gain };
}
