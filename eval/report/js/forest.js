// Paired differences with their intervals, around nought and the margin of equivalence.
function drawForest(figure, data) {
  const rows = data.comparisons;
  if (!rows.length) return;
  const beside = figure.clientWidth >= 700;
  const step = beside ? 32 : 44;
  const height = step * rows.length + 56;
  const described = rows.map((r) => `${r.a} minus ${r.b}: ${between(r.delta, score)}`).join("; ");
  const { canvas, width } = drawing(figure, height, `Paired differences in ${data.metric} with 95 % intervals`, described);
  const room = beside ? Math.floor(width * 0.45) : width - 16;
  const names = rows.map((r) => shorten(`${r.a} \u2212 ${r.b}`, Math.floor(room / 6.6)));
  const column = beside ? Math.max(...names.map((name) => textWidth(canvas, name, "label"))) + 20 : 8;
  const box = { left: column, right: width - 8, top: 6, bottom: height - 46 };
  const scale = forestScale(rows, box);
  const margin = Math.max(...rows.map((r) => r.margin));
  const band = { x: scale(-margin), y: box.top, width: scale(margin) - scale(-margin), height: box.bottom - box.top };
  canvas.append(svg("rect", { ...band, class: "margin" }));
  xAxis(canvas, box, scale, scale.ticks(width < 560 ? 5 : 7), score, `difference in ${data.metric}; shaded: margin of \u00b1${score(margin)}`);
  canvas.append(line(scale(0), box.top, scale(0), box.bottom, "zero"));
  rows.forEach((row, i) => {
    const y = box.top + step * i + (beside ? 18 : 32);
    const label = beside ? words(column - 14, y + 4, names[i], "label", "end") : words(8, y - 13, names[i], "label");
    canvas.append(label, difference(row, y, scale));
  });
}

function forestScale(rows, box) {
  const ends = rows.flatMap((r) => [...r.delta, r.margin, -r.margin]);
  const [low, high] = niceRange(Math.min(...ends), Math.max(...ends), 6);
  return linearScale(low, high, box.left + 8, box.right - 12);
}

function difference(row, y, scale) {
  const [value, low, high] = row.delta.map(scale);
  return svg(
    "g",
    { class: `delta ${row.verdict}` },
    line(low, y, high, y, ""),
    line(low, y - 4, low, y + 4, ""),
    line(high, y - 4, high, y + 4, ""),
    svg("circle", { cx: value, cy: y, r: 4.5 }),
  );
}
