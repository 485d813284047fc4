// One panel a track, one bar an arm, on one scale.
function drawTracks(container, data) {
  const shown = data.configurations.filter((c) => c.representative);
  const order = Object.keys(data.armNames);
  shown.sort((a, b) => order.indexOf(a.arm) - order.indexOf(b.arm));
  const highs = shown.flatMap((c) => Object.values(c.tracks).map((t) => (t ? t[2] : 0)));
  const top = niceRange(0, Math.max(0.1, ...highs), 5)[1];
  if (!container.children.length) {
    for (const track of data.tracks) {
      const heading = html("h3", { dir: "auto" }, track.replaceAll("_", " "));
      heading.append(html("small", {}, ` ${count(data.trackQuestions[track])} questions`));
      container.append(html("div", { class: "panel" }, heading, html("figure", { class: "chart" })));
    }
  }
  data.tracks.forEach((track, i) => drawTrack(container.children[i].lastElementChild, shown, track, data, top));
}

function drawTrack(figure, shown, track, data, top) {
  const rows = shown.filter((c) => c.tracks[track]);
  const height = rows.length * 34 + 50;
  const text = rows.map((c) => `${data.armNames[c.arm]}: ${between(c.tracks[track], score)}`).join("; ");
  const { canvas, width } = drawing(figure, height, `${data.metric} on track ${track}`, text);
  const names = Math.max(...rows.map((c) => textWidth(canvas, data.armNames[c.arm], "label")), 0);
  const box = { left: names + 10, right: width - 40, top: 4, bottom: height - 44 };
  const scale = linearScale(0, top, box.left, box.right);
  xAxis(canvas, box, scale, scale.ticks(4), score, data.metric);
  rows.forEach((c, i) => {
    const [value, low, high] = c.tracks[track];
    const y = box.top + 34 * i + 6;
    const group = svg("g", { class: `bar ${markClass(c)}` });
    group.append(svg("rect", { x: box.left, y, width: Math.max(1, scale(value) - box.left), height: 18 }));
    group.append(svg("title", {}, `${c.id}: ${between(c.tracks[track], score)}`));
    canvas.append(
      group,
      line(scale(low), y + 9, scale(high), y + 9, "whisker"),
      line(scale(low), y + 5, scale(low), y + 13, "whisker"),
      line(scale(high), y + 5, scale(high), y + 13, "whisker"),
      words(box.left - 8, y + 13, data.armNames[c.arm], "label", "end"),
      words(width - 2, y + 13, score(value), "value", "end"),
    );
  });
}
