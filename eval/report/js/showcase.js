// The 2 x 3 grid for any test question.
let showQuestion = () => {};

function setUpShowcase(answers, charts) {
  const picker = byId("question-picker");
  if (!picker) return;
  const groups = new Map();
  answers.questions.text.forEach((text, i) => {
    const track = answers.questions.track[i];
    if (!groups.has(track)) groups.set(track, html("optgroup", { label: track || "questions" }));
    groups.get(track).append(html("option", { value: i }, shorten(text, 90)));
  });
  picker.append(...groups.values());
  const order = Array.from(picker.options, (option) => option.value);
  picker.value = String(answers.questions.id.indexOf(charts.showcase));
  const step = (by) => {
    const place = Math.max(0, order.indexOf(picker.value)) + by;
    picker.value = order[(place + order.length) % order.length];
    fillGrid(answers, Number(picker.value));
  };
  picker.addEventListener("change", () => fillGrid(answers, Number(picker.value)));
  byId("question-previous").addEventListener("click", () => step(-1));
  byId("question-next").addEventListener("click", () => step(1));
  showQuestion = (question) => {
    picker.value = String(question);
    fillGrid(answers, question);
    byId("grid").scrollIntoView();
    picker.focus({ preventScroll: true });
  };
}

function fillGrid(answers, question) {
  byId("question-text").textContent = answers.questions.text[question];
  byId("question-expected").textContent = answers.expected(question);
  byId("question-track").textContent = answers.questions.track[question];
  for (const cell of document.querySelectorAll("#answer-grid .cell")) {
    const configuration = answers.arms[cell.dataset.arm];
    const row = configuration === undefined ? undefined : answers.rowOf(question, configuration);
    if (row !== undefined) fillCell(cell, answers, row);
  }
}

function fillCell(cell, answers, row) {
  const part = (name) => cell.querySelector("." + name);
  const outcome = answers.outcome(row);
  const passages = answers.passagesOf(row);
  cell.className = `cell ${outcome || "unjudged"}`;
  part("mark").textContent = OUTCOMES[outcome];
  part("answer").textContent = answers.rows.error[row] || answers.rows.answer[row] || "(no answer)";
  part("price").textContent = priceText(answers.rows.usd[row]);
  part("configuration").textContent = answers.configurations[answers.rows.configuration[row]];
  const read = part("read");
  read.hidden = passages.length === 0;
  read.firstElementChild.textContent = `${passages.length} ${passages.length === 1 ? "passage" : "passages"} read`;
  read.lastElementChild.replaceChildren(...passages.map(([, text]) => html("li", { dir: "auto" }, text)));
}
