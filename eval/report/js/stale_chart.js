// Right answers before and after facts changed: one row a configuration, one shape a day.
const STALE_DAYS = [["before", "day before"], ["refreshed", "day after, index made again"], ["untouched", "day after, nothing made again"]];

function staleMark(day, x, y) {
  if (day === "before") return svg("circle", { cx: x, cy: y, r: 5, class: "day before" });
  if (day === "refreshed") return svg("rect", { x: x - 4.5, y: y - 4.5, width: 9, height: 9, class: "day refreshed" });
  return svg("path", { d: `M${x} ${y - 5.5}L${x + 5.5} ${y + 4.5}H${x - 5.5}Z`, class: "day untouched" });
}

function drawStaleness(figure, data) {
  const rows = data.staleness;
  const step = 66;
  const height = step * rows.length + 52;
  const text = rows.map((row) => `${row.id}: ${STALE_DAYS.map(([day, words]) => `${percent(row[day][0])} ${words}`).join(", ")}`).join("; ");
  const { canvas, width } = drawing(figure, height, "Right answers before and after facts changed", text);
  const box = { left: 16, right: width - 22, top: 4, bottom: height - 44 };
  const scale = linearScale(0, 1, box.left, box.right);
  xAxis(canvas, box, scale, [0, 0.25, 0.5, 0.75, 1], percent, "share of right answers");
  rows.forEach((row, i) => {
    const top = box.top + step * i;
    canvas.append(words(box.left, top + 14, shorten(row.id, Math.floor(width / 7.2)), "label"));
    STALE_DAYS.forEach(([day], k) => {
      const y = top + 26 + 14 * k;
      const [value, low, high] = row[day].map(scale);
      canvas.append(line(low, y, high, y, "whisker thin"), staleMark(day, value, y));
    });
  });
  const items = STALE_DAYS.map(([day, words]) => {
    const icon = svg("svg", { width: 14, height: 14, viewBox: "0 0 14 14", "aria-hidden": "true" });
    icon.append(staleMark(day, 7, 7));
    return html("li", {}, icon, words);
  });
  figure.append(html("ul", { class: "legend" }, ...items));
}
