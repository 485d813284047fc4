// The reckoning of the panel in a table and in words. Every figure stands in a <data> element at full precision.
const figure = (value, text) => html("data", { value }, text);
// An interval, but where it has no width that could be seen.
function over(range) {
  const ends = (range || []).map(money);
  return ends[0] === ends[1] ? null : html("span", { class: "interval" }, ` ${ends[0]} to ${ends[1]}`);
}

function showScenario(moneyData, terms, armNames) {
  const found = reckon(moneyData, terms);
  const declared = Object.keys(terms).every((name) => terms[name] === moneyData.declared[name]);
  byId("scenario-state").textContent = declared ? "This is the declared scenario." : "This is not the declared scenario.";
  for (const mark of document.querySelectorAll("#what-if .extrapolated")) mark.hidden = terms.churn === 0;
  byId("what-if-table").tBodies[0].replaceChildren(...found.rows.map((row) => scenarioRow(row, found, armNames)));
  byId("what-if-verdict").replaceChildren(...verdictOf(found, terms));
  byId("what-if-break-even").replaceChildren(...crossingsInWords(found, terms).map((parts) => html("li", { dir: "auto" }, ...parts)));
}

function scenarioRow(row, found, armNames) {
  const cell = (label, ...children) => html("td", { "data-label": label }, html("span", {}, ...children));
  const first = row === found.rows[0] && row.net >= 0;
  const name = html("th", { scope: "row", dir: "auto" }, ...breakable(row.id), html("span", { class: "by" }, armNames[row.c.arm]));
  if (first) name.append(html("span", { class: "tag a" }, "worth most"));
  if (row.c === found.quo.c) name.append(html("span", { class: "tag" }, "status quo"));
  const perCorrect = row.perCorrect === null ? [row.c.perCorrect ? "none is correct" : "absent"] : [figure(row.perCorrect, money(row.perCorrect)), over(row.perCorrectBetween)];
  return html(
    "tr",
    { "data-id": row.id },
    name,
    cell("Net", figure(row.net, money(row.net)), over(row.netBetween)),
    cell("Cost", figure(row.cost, money(row.cost)), over(row.costBetween)),
    cell("Per correct answer", ...perCorrect),
    row.machines === null ? null : cell("Machines", figure(row.machines, count(row.machines))),
  );
}

function verdictOf({ quo, rows }, terms) {
  const [first, second] = rows;
  const during = `over ${significant(terms.months)} months`;
  if (first.net < 0) return [html("strong", {}, `${quo.c ? quo.id : "The status quo"} stays ahead: `), `${first.id} is worth ${money(-first.net)} less ${during}, on these estimates.`];
  const lead = second ? `, ${money(first.net - second.net)} more than ${second.id}` : "";
  const gain = first.c === quo.c ? "is the status quo" : `is worth ${money(first.net)} more than ${quo.id}`;
  return [html("strong", {}, `${first.id} wins: `), `it ${gain} ${during}${lead}. These are estimates; whether a lead is more than chance, the comparisons and the map say.`];
}

// The first against the status quo and against the runner-up.
function crossingsInWords({ quo, rows }, terms) {
  const [first, second] = rows;
  const pairs = [];
  if (first.c !== quo.c) pairs.push([first, quo]);
  if (second && second.c !== quo.c) pairs.push([first, second]);
  return pairs.map(([a, b]) => crossingInWords(breakEven(a, b), a, b, terms));
}

function crossingInWords(found, a, b, terms) {
  if (!found) return [`${a.id} and ${b.id} are worth the same at every volume.`];
  const { better, other, questions } = found;
  const name = better.c ? better.id : "The status quo";
  if (questions === 0) return [`${name} is worth more than ${other.id} at every volume.`];
  const planned = volume(terms.asked * terms.months);
  return [`${name} is worth more than ${other.id} from `, figure(questions, volume(questions)), ` questions on, ${volume(questions / terms.months)} a month; ${planned} are planned.`];
}
