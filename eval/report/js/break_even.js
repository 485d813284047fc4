// Where the cumulative costs of two configurations cross: between two jumps they are straight lines.
function crossing(from, to, gap) {
  const [start, end] = [gap(from), gap(to)];
  return start * end < 0 ? from + ((to - from) * start) / (start - end) : null;
}

function crossingsOf(a, b, horizon, terms) {
  const gap = (months) => costAt(a, months, terms) - costAt(b, months, terms);
  const stops = [...new Set([0, ...jumps(a, horizon, terms), ...jumps(b, horizon, terms), horizon])].sort((x, y) => x - y);
  const found = [];
  let before = Math.sign(gap(0));
  const turn = (months, now) => {
    if (before && now && now !== before) found.push({ months, usd: costAt(a, months, terms), text: crossingSentence(...(now < 0 ? [a, b] : [b, a]), months, terms.asked) });
    before = now || before;
  };
  stops.slice(1).forEach((stop, i) => {
    const [from, to] = [stops[i] && stops[i] * (1 + FINE), stop * (1 - FINE)];
    turn(stops[i], Math.sign(gap(from)));
    const months = crossing(from, to, gap);
    if (months !== null) turn(months, Math.sign(gap(to)));
  });
  return found;
}

function crossingSentence(cheaper, other, months, asked) {
  const unit = significant(months) === "1" ? "month" : "months";
  return `${cheaper.id} becomes cheaper than ${other.id} after ${significant(months)} ${unit} (${volume(months * asked)} questions).`;
}

// Every crossing within the horizon, earliest first.
function crossings(lines, horizon, terms) {
  const found = lines.flatMap((a, i) => lines.slice(i + 1).flatMap((b) => crossingsOf(a, b, horizon, terms)));
  return found.sort((one, other) => one.months - other.months);
}

// The crossings in words, then the order at the end of the horizon.
function breakEvenSentences(lines, horizon, terms) {
  const found = crossings(lines, horizon, terms).map((one) => one.text);
  const end = lines.map((c) => [c.id, costAt(c, horizon, terms)]).sort((a, b) => a[1] - b[1]);
  const order = end.map(([id, usd]) => `${id} ${money(usd)}`).join(", ");
  const none = found.length ? "No other two cross" : "No two cross";
  return [...found, `${none} within ${significant(horizon)} months. Spent by then: ${order}.`];
}
