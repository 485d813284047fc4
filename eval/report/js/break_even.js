// Cumulative dollars of a configuration after so many months, and where two of them cross.
const monthly = (c, asked) => c.hosting + (asked * c.perThousand[0]) / 1000;
const costAt = (c, months, asked, bound = 0) => c.oneOff + months * (c.hosting + (asked * c.perThousand[bound]) / 1000);

// Months until a costs what b costs; null where the lines never meet after the start.
function crossing(a, b, asked) {
  const slope = monthly(a, asked) - monthly(b, asked);
  const start = b.oneOff - a.oneOff;
  if (slope === 0 || start === 0) return null;
  const months = start / slope;
  return months > 0 ? months : null;
}

function crossingSentence(a, b, months, asked) {
  const [early, late] = a.oneOff < b.oneOff ? [a, b] : [b, a];
  const unit = significant(months) === "1" ? "month" : "months";
  return `${late.id} becomes cheaper than ${early.id} after ${significant(months)} ${unit} (${volume(months * asked)} questions).`;
}

// Every crossing within the horizon, earliest first.
function crossings(lines, asked, horizon) {
  const found = [];
  lines.forEach((a, i) => {
    for (const b of lines.slice(i + 1)) {
      const months = crossing(a, b, asked);
      if (months !== null && months <= horizon) found.push({ months, usd: costAt(a, months, asked), text: crossingSentence(a, b, months, asked) });
    }
  });
  return found.sort((one, other) => one.months - other.months);
}

// The crossings in words, then the order at the end of the horizon.
function breakEvenSentences(lines, asked, horizon) {
  const found = crossings(lines, asked, horizon).map((one) => one.text);
  const end = lines.map((c) => [c.id, costAt(c, horizon, asked)]).sort((a, b) => a[1] - b[1]);
  const order = end.map(([id, usd]) => `${id} ${money(usd)}`).join(", ");
  const none = found.length ? "No other two cross" : "No two cross";
  return [...found, `${none} within ${significant(horizon)} months. Spent by then: ${order}.`];
}
