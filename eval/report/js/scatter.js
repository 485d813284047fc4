// Accuracy against cost or latency: a point with both intervals, a name, and the front that nothing beats.
function drawScatter(figure, data, options) {
  const shown = data.configurations.filter((c) => c.score && c[options.field]);
  figure.replaceChildren();
  if (!shown.length) return false;
  const { canvas, width } = drawing(figure, 430, options.title, describeScatter(shown, options));
  const box = { left: 46, right: width - 14, top: 28, bottom: 380 };
  const scales = scatterScales(shown, options.field, box);
  const points = shown.map((c) => ({ c, x: scales.x(c[options.field][0]), y: scales.y(c.score[0]) }));
  xAxis(canvas, box, scales.x, scales.x.ticks(width < 560 ? 4 : 8), options.format, options.axis + scales.note);
  yAxis(canvas, box, scales.y, scales.y.ticks(6), score, data.metric);
  const front = frontOf(points, options.field === "allIn" && points.some((p) => p.c.pareto));
  canvas.append(svg("path", { class: "front", d: front.map((p, i) => `${i ? "L" : "M"}${p.x} ${p.y}`).join("") }));
  const bars = points.map((p) => intervalBars(canvas, p, scales, options.field)).flat().concat(alongLine(front));
  const numbered = !nameInPlace(canvas, points, bars, box, width);
  for (const p of points) {
    const group = mark(p.c, p.x, p.y);
    group.append(svg("title", {}, `${p.c.id}: ${data.metric} ${between(p.c.score, score)}, ${between(p.c[options.field], options.format)}`));
    canvas.append(group);
  }
  figure.append(legend(shown, data.armNames));
  if (numbered) figure.append(numberedNames(shown));
  const missing = data.configurations.filter((c) => !shown.includes(c)).map((c) => c.id);
  if (missing.length) figure.append(html("p", { class: "note", dir: "auto" }, `Not measured on these axes: ${missing.join(", ")}.`));
  return true;
}

function describeScatter(shown, options) {
  return shown.map((c) => `${c.id}: ${score(c.score[0])} at ${options.format(c[options.field][0])}`).join("; ");
}

function scatterScales(shown, field, box) {
  const xs = shown.flatMap((c) => c[field]);
  const ys = shown.flatMap((c) => c.score);
  const low = Math.min(...xs);
  const high = Math.max(...xs);
  const [bottom, top] = niceRange(Math.min(...ys), Math.max(...ys), 6);
  const y = linearScale(bottom, top, box.bottom, box.top);
  if (low > 0 && high / low > 12) return { x: logScale(low / 1.4, high * 1.4, box.left, box.right), y, note: ", log" };
  const [from, to] = niceRange(low > 0 && low < high / 3 ? 0 : low - (high - low) * 0.06, high * 1.03, 6);
  return { x: linearScale(Math.max(0, from), to, box.left, box.right), y, note: "" };
}

// The run's own front where it has one for these axes, else what no other point beats.
function frontOf(points, declared) {
  let best = -Infinity;
  return points
    .filter((p) => (declared ? p.c.pareto : !p.c.reference))
    .sort((a, b) => a.x - b.x || a.y - b.y)
    .filter((p) => {
      if (-p.y <= best) return false;
      best = -p.y;
      return true;
    });
}

// Small boxes along the front, for labels to keep clear of.
function alongLine(front) {
  return front.slice(1).flatMap((end, i) => {
    const start = front[i];
    const steps = 1 + Math.ceil(Math.hypot(end.x - start.x, end.y - start.y) / 6);
    return Array.from({ length: steps + 1 }, (_, k) => {
      const x = start.x + ((end.x - start.x) * k) / steps;
      const y = start.y + ((end.y - start.y) * k) / steps;
      return { left: x - 2, right: x + 2, top: y - 2, bottom: y + 2 };
    });
  });
}

function intervalBars(canvas, point, scales, field) {
  const [, xLow, xHigh] = point.c[field].map(scales.x);
  const [, yLow, yHigh] = point.c.score.map(scales.y);
  const group = svg("g", { class: `bars ${markClass(point.c)}` });
  group.append(line(xLow, point.y, xHigh, point.y, ""), line(point.x, yLow, point.x, yHigh, ""));
  canvas.append(group);
  return [
    { left: xLow, right: xHigh, top: point.y - 1, bottom: point.y + 1 },
    { left: point.x - 1, right: point.x + 1, top: yHigh, bottom: yLow },
  ];
}

// Names beside the points where they fit, else numbers that the list below explains. True where names fitted.
function nameInPlace(canvas, points, bars, box, width) {
  const attempts = width < 560 ? [false] : [true, false];
  for (const named of attempts) {
    const texts = points.map((p, i) => (named ? shorten(p.c.id, 30) : String(i + 1)));
    const wanted = points.map((p, i) => ({ x: p.x, y: p.y, width: textWidth(canvas, texts[i], "label"), height: 14 }));
    const places = placeLabels(wanted, bars, { ...box, right: width - 2, bottom: box.bottom - 2 });
    if (named && places.includes(null)) continue;
    places.forEach((place, i) => place && writeLabel(canvas, points[i], place, texts[i]));
    return named;
  }
}

function writeLabel(canvas, point, place, text) {
  if (place.radius > 15) {
    const x = Math.min(Math.max(point.x, place.left), place.right);
    const y = place.top > point.y ? place.top + 2 : place.bottom < point.y ? place.bottom - 1 : point.y;
    canvas.append(line(point.x, point.y, x, y, "leader"));
  }
  canvas.append(words(place.left, place.top + 11, text, "label"));
}
