// One drawing: a titled SVG as wide as its figure, with axes.
let drawings = 0;

function drawing(figure, height, title, description) {
  const width = Math.max(260, Math.floor(figure.clientWidth));
  const id = `drawing-${++drawings}`;
  const canvas = svg(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-labelledby": `${id}-title ${id}-desc` },
    svg("title", { id: `${id}-title` }, title),
    svg("desc", { id: `${id}-desc` }, description),
  );
  figure.replaceChildren(canvas);
  return { canvas, width, height };
}

function line(x1, y1, x2, y2, name) {
  return svg("line", { x1, y1, x2, y2, class: name });
}

function words(x, y, text, name, anchor = "start") {
  return svg("text", { x, y, class: name, "text-anchor": anchor }, text);
}

function textWidth(canvas, text, name) {
  const node = words(0, 0, text, name);
  canvas.append(node);
  const width = node.getComputedTextLength();
  node.remove();
  return width;
}

// Dollars on an axis: no cents where every tick is whole.
const moneyTicks = (ticks) => (ticks.every((tick) => Number.isInteger(tick)) ? (tick) => signed(tick, "$" + fixed(Math.abs(tick), 0)) : money);

// box: {left, right, top, bottom} of the plotting area.
function xAxis(canvas, box, scale, ticks, format, title) {
  canvas.append(line(box.left, box.bottom, box.right, box.bottom, "axis"));
  let end = -Infinity;
  for (const tick of ticks) {
    const label = words(scale(tick), box.bottom + 17, format(tick), "tick", "middle");
    canvas.append(line(scale(tick), box.top, scale(tick), box.bottom, "gridline"), label);
    const half = label.getComputedTextLength() / 2;
    if (scale(tick) - half < end + 6) label.remove();
    else end = scale(tick) + half;
  }
  canvas.append(words((box.left + box.right) / 2, box.bottom + 37, title, "axis-title", "middle"));
}

// The title of a vertical axis stands level above it, so that nobody has to turn their head.
function yAxis(canvas, box, scale, ticks, format, title) {
  for (const tick of ticks) {
    canvas.append(
      line(box.left, scale(tick), box.right, scale(tick), "gridline"),
      words(box.left - 8, scale(tick) + 4, format(tick), "tick", "end"),
    );
  }
  canvas.append(words(2, 14, title, "axis-title"));
}
