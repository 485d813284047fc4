// What stands behind one answer: passages, accepted answers, tokens, dollars, scores, and the other configurations.
function toggleDetail(answers, row, line, button) {
  const open = button.getAttribute("aria-expanded") === "true";
  button.setAttribute("aria-expanded", String(!open));
  if (open) line.nextElementSibling.remove();
  else line.after(html("tr", { class: "detail" }, html("td", { colspan: 6 }, detail(answers, row))));
}

function detail(answers, row) {
  const { rows, questions } = answers;
  const question = rows.question[row];
  const entry = (name, ...children) => html("div", {}, html("dt", {}, name), html("dd", { dir: "auto" }, ...children));
  const accepted = questions.expected[question];
  const scores = Object.entries(rows.metrics).filter(([, values]) => values[row] !== null);
  const full = (text) => html("span", { class: "full" }, text);
  const list = html("dl", { class: "method" });
  list.append(
    entry("Question", full(questions.text[question])),
    entry("Accepted answers", full(accepted.length ? accepted.join(" · ") : "none: a refusal is right")),
    entry("Answer in full", full(rows.answer[row] || "(no answer)")),
    ...(rows.error[row] ? [entry("Error", rows.error[row])] : []),
    entry("Configuration", `${answers.configurations[rows.configuration[row]]}, seed ${rows.seed[row]}`),
    entry("Question id", [questions.id[question], questions.track[question], questions.kind[question]].filter(Boolean).join(" · ")),
    entry("Tokens", `${count(rows.input[row])} in, ${count(rows.output[row])} out`),
    ...(rows.usd[row] === null ? [] : [entry("Price", priceText(rows.usd[row]))]),
    entry("Scores", scores.map(([name, values]) => `${name} ${score(values[row])}`).join(" · ")),
    entry("Passages read", passageList(answers, row)),
    entry("Other configurations", others(answers, question, rows.configuration[row])),
  );
  const jump = html("button", { type: "button" }, "Show in the grid");
  jump.addEventListener("click", () => showQuestion(question));
  return html("div", {}, list, byId("question-picker") ? jump : null);
}

function passageList(answers, row) {
  const passages = answers.passagesOf(row);
  if (!passages.length) return "none";
  const item = ([id, text]) => html("li", {}, html("code", { dir: "auto" }, id), html("p", { dir: "auto" }, text));
  return html("ol", { class: "passages" }, ...passages.map(item));
}

function others(answers, question, own) {
  const items = answers.configurations.map((id, configuration) => {
    const row = answers.rowOf(question, configuration);
    if (configuration === own || row === undefined) return null;
    return html("li", {}, outcomeMark(answers.outcome(row)), " ", html("bdi", {}, id), ": ", html("bdi", {}, shorten(answers.rows.answer[row], 120)));
  });
  return html("ul", { class: "others" }, ...items);
}
