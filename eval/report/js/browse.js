// The table of all answers: filtered by columns, shown a page at a time.
const pageSize = () => (innerWidth < 768 ? 10 : 25);

function setUpBrowse(answers, charts) {
  const state = { rows: [], page: 0, mixed: false };
  const inputs = ["configuration", "track", "outcome", "lost", "text"].map((name) => byId("filter-" + name));
  const [configuration, track, , lost] = inputs;
  configuration.append(...answers.configurations.map((id, i) => html("option", { value: i }, id)));
  const tracks = [...new Set(answers.questions.track)];
  track.append(...tracks.map((name) => html("option", { value: name }, name)));
  lost.append(...answers.stageNames.map((name, i) => html("option", { value: i }, name)));
  lost.parentElement.hidden = !answers.stages.length;
  const recommended = charts.configurations.find((c) => c.recommended);
  const place = recommended ? answers.configurations.indexOf(recommended.id) : -1;
  if (place >= 0) configuration.value = String(place);
  byId("browse-metric").textContent = charts.metric;
  byId("browse-notice").textContent = answers.notice;
  byId("browse-notice").hidden = !answers.notice;
  const searched = searchTexts(answers);
  const refresh = () => {
    state.rows = matching(answers, searched, ...inputs.map((input) => input.value));
    state.page = 0;
    state.mixed = configuration.value === "";
    showPage(answers, state);
  };
  let waiting;
  for (const input of inputs) {
    input.addEventListener("input", () => {
      clearTimeout(waiting);
      if (input.type === "search") waiting = setTimeout(refresh, 120);
      else refresh();
    });
  }
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("page-previous").addEventListener("click", () => showPage(answers, state, -1));
  byId("page-next").addEventListener("click", () => showPage(answers, state, 1));
  refresh();
}

function searchTexts(answers) {
  const { id, text, expected } = answers.questions;
  return {
    question: text.map((words, i) => [id[i], words, ...expected[i]].join("\n").toLowerCase()),
    answer: answers.rows.answer.map((words) => words.toLowerCase()),
  };
}

function matching(answers, searched, configuration, track, outcome, lost, text) {
  const wanted = text.trim().toLowerCase();
  const rows = [];
  for (let row = 0; row < answers.size; row++) {
    const question = answers.rows.question[row];
    if (configuration !== "" && answers.rows.configuration[row] !== Number(configuration)) continue;
    if (track !== "" && answers.questions.track[question] !== track) continue;
    if (outcome !== "" && !agrees(answers.outcome(row), outcome)) continue;
    if (lost !== "" && answers.rows.lost[row] !== Number(lost)) continue;
    if (wanted && !searched.question[question].includes(wanted) && !searched.answer[row].includes(wanted)) continue;
    rows.push(row);
  }
  return rows;
}

// A failed answer counts as wrong.
const agrees = (outcome, wanted) => outcome === wanted || (wanted === "wrong" && outcome === "failed");

function showPage(answers, state, by = 0) {
  const size = pageSize();
  const pages = Math.max(1, Math.ceil(state.rows.length / size));
  state.page = Math.min(pages - 1, Math.max(0, state.page + by));
  const shown = state.rows.slice(state.page * size, (state.page + 1) * size);
  byId("browse").tBodies[0].replaceChildren(...shown.map((row) => browseRow(answers, row, state.mixed)));
  const judged = state.rows.map(answers.outcome).filter((outcome) => outcome !== "");
  const right = judged.filter((outcome) => outcome === "right").length;
  const share = judged.length ? `, ${percent(right / judged.length)} right` : "";
  byId("browse-count").textContent = `${count(state.rows.length)} ${state.rows.length === 1 ? "answer" : "answers"}${share}`;
  byId("page-number").textContent = `Page ${count(state.page + 1)} of ${count(pages)}`;
  byId("page-previous").disabled = state.page === 0;
  byId("page-next").disabled = state.page === pages - 1;
}

// Which configuration and seed answered, where the list mixes several.
function madeBy(answers, row, mixed) {
  const configuration = answers.rows.configuration[row];
  const seed = answers.repeated(configuration) ? `seed ${answers.rows.seed[row]}` : "";
  return [mixed ? answers.configurations[configuration] : "", seed].filter(Boolean).join(", ");
}

function browseRow(answers, row, mixed) {
  const question = answers.rows.question[row];
  const cell = (label, ...children) => html("td", { "data-label": label }, ...children);
  const clip = (text) => html("span", { class: "clip", dir: "auto" }, text);
  const primary = answers.rows.metrics[answers.primary];
  const value = primary ? primary[row] : null;
  const usd = answers.rows.usd[row];
  const button = html("button", { type: "button", class: "expand", "aria-expanded": "false" }, clip(answers.questions.text[question]));
  const by = madeBy(answers, row, mixed);
  const line = html(
    "tr",
    {},
    html("th", { scope: "row" }, button),
    cell("Expected", clip(answers.expected(question))),
    cell("Answer", clip(answers.rows.error[row] || answers.rows.answer[row] || "(no answer)"), by && html("small", { class: "by", dir: "auto" }, by)),
    cell("Outcome", outcomeMark(answers.outcome(row))),
    html("td", { "data-label": "Score", class: "number" }, value === null ? "" : score(value)),
    html("td", { "data-label": "$ per 1,000", class: "number" }, usd === null ? "" : money(usd * 1000)),
  );
  button.addEventListener("click", () => toggleDetail(answers, row, line, button));
  return line;
}
