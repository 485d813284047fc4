// Cumulative cost by month for what can be deployed, at the volume of the slider.
function costLines(data) {
  return data.configurations.filter((c) => !c.reference && (c.representative || c.recommended));
}

const costState = { terms: null, log: null };

function setUpCost(data) {
  const slider = byId("volume");
  // The slider is logarithmic: a hundredth to a hundred times the declared volume.
  const base = data.volume > 0 ? data.volume : 10000;
  const ask = (asked) => {
    costState.terms = { asked, price: 1, retrain: data.retrain, reindex: data.reindex };
  };
  const reset = () => {
    ask(base);
    costState.log = null;
    slider.value = 200;
    showCost(data);
  };
  slider.addEventListener("input", () => {
    const exact = base * 10 ** ((Number(slider.value) - 200) / 100);
    ask(Number(slider.value) === 200 ? base : Number(exact.toPrecision(2)));
    showCost(data);
  });
  byId("volume-reset").addEventListener("click", reset);
  byId("log-axis").addEventListener("change", (event) => {
    costState.log = event.target.checked;
    showCost(data);
  });
  reset();
}

function showCost(data) {
  const lines = costLines(data);
  byId("volume-value").textContent = count(costState.terms.asked);
  byId("volume").setAttribute("aria-valuetext", `${count(costState.terms.asked)} questions a month`);
  drawCost(byId("cost-over-time"), lines, data);
  const sentences = breakEvenSentences(lines, data.horizon, costState.terms);
  byId("break-even-now").replaceChildren(...sentences.map((text) => html("li", { dir: "auto" }, text)));
}

function costScale(lines, data, box) {
  const highs = lines.map((c) => costAt(c, data.horizon, costState.terms, 2));
  const ends = lines.map((c) => costAt(c, data.horizon, costState.terms));
  const starts = lines.map((c) => costAt(c, data.horizon / 24, costState.terms)).filter((usd) => usd > 0);
  const top = Math.max(...highs, 0.01);
  const positive = ends.filter((usd) => usd > 0);
  const log = costState.log ?? (positive.length > 1 && Math.max(...positive) / Math.min(...positive) > 25);
  byId("log-axis").checked = log;
  if (!log) return linearScale(0, niceRange(0, top, 5)[1], box.bottom, box.top);
  return logScale(Math.min(...starts, top / 10) / 1.5, top * 1.3, box.bottom, box.top);
}

function drawCost(figure, lines, data) {
  const title = `Cumulative cost over ${data.horizon} months at ${count(costState.terms.asked)} questions a month`;
  const text = lines.map((c) => `${c.id}: ${money(costAt(c, data.horizon, costState.terms))}`).join("; ");
  const { canvas, width } = drawing(figure, 400, title, text);
  const named = width >= 640;
  const names = lines.map((c) => shorten(c.id, 26));
  const room = named ? Math.max(...names.map((name) => textWidth(canvas, name, "label"))) + 14 : 10;
  const upright = { top: 28, bottom: 350 };
  const y = costScale(lines, data, upright);
  const ticks = y.ticks(6);
  const widest = Math.max(...ticks.map((tick) => textWidth(canvas, moneyTicks(ticks)(tick), "tick")));
  const box = { ...upright, left: widest + 12, right: width - room };
  const x = linearScale(0, data.horizon, box.left, box.right);
  xAxis(canvas, box, x, x.ticks(width < 560 ? 6 : 12), (month) => String(month), "months");
  yAxis(canvas, box, y, ticks, moneyTicks(ticks), "cumulative cost, US dollars");
  lines.forEach((c) => canvas.append(costBand(c, x, y, data.horizon), costLine(c, x, y, data.horizon)));
  markCrossings(canvas, lines, x, y, data.horizon);
  if (named) endLabels(canvas, lines, names, y, box, data.horizon);
  else figure.append(numberlessNames(lines));
}

// Evenly over the horizon, and just before and after every jump.
function monthsOf(c, horizon) {
  const even = Array.from({ length: 97 }, (_, i) => (i * horizon) / 96);
  const edges = jumps(c, horizon, costState.terms).flatMap((month) => [month * (1 - FINE), month * (1 + FINE)]);
  return even.concat(edges).sort((a, b) => a - b);
}

function costLine(c, x, y, horizon) {
  const d = monthsOf(c, horizon).map((m, i) => `${i ? "L" : "M"}${x(m)} ${y(costAt(c, m, costState.terms))}`).join("");
  return svg("path", { d, class: `cost-line ${markClass(c)}${c.recommended ? " recommended" : ""}` }, svg("title", {}, c.id));
}

function costBand(c, x, y, horizon) {
  const months = monthsOf(c, horizon);
  const up = months.map((m) => `${x(m)} ${y(costAt(c, m, costState.terms, 2))}`);
  const down = months.map((m) => `${x(m)} ${y(costAt(c, m, costState.terms, 1))}`).reverse();
  return svg("path", { d: `M${up.concat(down).join("L")}Z`, class: `cost-band ${markClass(c)}` });
}

function markCrossings(canvas, lines, x, y, horizon) {
  for (const { months, usd, text } of crossings(lines, horizon, costState.terms)) {
    canvas.append(svg("circle", { cx: x(months), cy: y(usd), r: 4.5, class: "crossing" }, svg("title", {}, text)));
  }
}

// Names at the line ends, pushed apart where the ends lie close.
function endLabels(canvas, lines, names, y, box, horizon) {
  const ends = lines.map((c, i) => ({ name: names[i], c, y: y(costAt(c, horizon, costState.terms)) }));
  ends.sort((a, b) => a.y - b.y);
  for (let i = 1; i < ends.length; i++) ends[i].y = Math.max(ends[i].y, ends[i - 1].y + 16);
  const over = ends.length ? ends[ends.length - 1].y - box.bottom : 0;
  if (over > 0) {
    ends[ends.length - 1].y -= over;
    for (let i = ends.length - 2; i >= 0; i--) ends[i].y = Math.min(ends[i].y, ends[i + 1].y - 16);
  }
  for (const end of ends) canvas.append(words(box.right + 8, end.y + 4, end.name, `label ${markClass(end.c)}`));
}

function numberlessNames(lines) {
  const items = lines.map((c) => {
    const icon = svg("svg", { width: 26, height: 10, viewBox: "0 0 26 10", "aria-hidden": "true" });
    icon.append(svg("path", { d: "M1 5H25", class: `cost-line ${markClass(c)}${c.recommended ? " recommended" : ""}` }));
    return html("li", {}, icon, html("bdi", {}, c.id));
  });
  return html("ul", { class: "legend" }, ...items);
}
