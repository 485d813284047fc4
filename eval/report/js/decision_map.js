// The decision map: a letter and a tone for the winner. What is undecided is hatched, empty and asks.
const shortCount = (value) => [[1e6, "M"], [1e3, "k"], [1, ""]].map(([unit, name]) => (value >= unit ? String(Number((value / unit).toPrecision(2))) + name : "")).find(Boolean) || significant(value, 2);

function drawMap(figure, data) {
  const { volumes, churns, cells, letters } = data.map;
  const tall = 34;
  const height = tall * churns.length + 70;
  const text = cells.map((row, i) => `${percent(churns[i])} of facts a month: ${row.map((cell, k) => `${volume(volumes[k])} questions ${cell.best}${cell.shown ? "" : ", undecided"}`).join("; ")}`).join(". ");
  const { canvas, width } = drawing(figure, height, "Winner by questions a month and facts that change", text);
  const box = { left: 46, top: 24, right: width - 2, bottom: 24 + tall * churns.length };
  const wide = (box.right - box.left) / volumes.length;
  canvas.append(words(2, 14, "facts changed a month", "axis-title"), words((box.left + box.right) / 2, box.bottom + 38, "questions a month", "axis-title", "middle"));
  churns.forEach((churn, i) => {
    const y = box.bottom - tall * (i + 1);
    canvas.append(words(box.left - 8, y + tall / 2 + 4, percent(churn), "tick", "end"));
    cells[i].forEach((cell, k) => canvas.append(mapCell(data, cell, box.left + wide * k, y, wide, tall, isDeclared(data.map, k, i))));
  });
  const every = wide < 36 ? 2 : 1;
  volumes.forEach((asked, k) => k % every === 0 && canvas.append(words(box.left + wide * (k + 0.5), box.bottom + 18, shortCount(asked), "tick", "middle")));
  figure.append(mapLegend(data, letters));
}

const isDeclared = (map, column, row) => Math.abs(map.volumes[column] / map.declared[0] - 1) < FINE && map.churns[row] === map.declared[1];

function mapSign(cell, letters) {
  const letter = letters[cell.best] + (cell.shown ? "" : "?");
  return cell.gains ? letter : `(${letter})`;
}

function mapCell(data, cell, x, y, wide, tall, declared) {
  const c = data.configurations.find((one) => one.id === cell.best);
  const box = { x: x + 1.5, y: y + 1.5, width: Math.max(1, wide - 3), height: tall - 3 };
  const group = svg("g", { class: `map-cell ${markClass(c)}${cell.shown ? "" : " open"}${declared ? " declared" : ""}` });
  group.append(svg("rect", box));
  if (!cell.shown) group.append(hatching(box));
  group.append(words(x + wide / 2, y + tall / 2 + 4.5, mapSign(cell, data.map.letters), "label", "middle"));
  group.append(svg("title", {}, `${cell.best}${cell.shown ? "" : ", undecided"}${cell.gains ? "" : ", worth less than the status quo"}`));
  return group;
}

// Slanted lines, clipped to the box by hand: a pattern would need an address.
function hatching(box) {
  let d = "";
  for (let at = 7; at < box.width + box.height; at += 7) {
    const [x1, y1] = [Math.min(at, box.width), Math.max(0, at - box.width)];
    const [x2, y2] = [Math.max(0, at - box.height), Math.min(at, box.height)];
    d += `M${box.x + x1} ${box.y + y1}L${box.x + x2} ${box.y + y2}`;
  }
  return svg("path", { d, class: "hatch" });
}

function mapLegend(data, letters) {
  const sample = (name, hatched) => {
    const box = { x: 1.5, y: 1.5, width: 19, height: 13 };
    const icon = svg("svg", { width: 22, height: 16, viewBox: "0 0 22 16", "aria-hidden": "true" });
    icon.append(svg("g", { class: `map-cell ${name}` }, svg("rect", box), hatched ? hatching(box) : null));
    return icon;
  };
  const item = (id) => html("li", {}, sample(markClass(data.configurations.find((one) => one.id === id))), html("strong", {}, letters[id]), html("bdi", {}, id));
  const items = Object.keys(letters).map(item);
  const all = data.map.cells.flat();
  if (all.some((cell) => !cell.shown)) items.push(html("li", {}, sample("none open", true), "? undecided: the lead may be chance"));
  if (all.some((cell) => !cell.gains)) items.push(html("li", {}, "( ) worth less than the status quo"));
  const [asked, churn] = data.map.declared;
  const marked = data.map.volumes.some((_, k) => data.map.churns.some((__, i) => isDeclared(data.map, k, i)));
  items.push(html("li", {}, marked ? "framed: declared" : `declared: ${volume(asked)} questions, ${percent(churn)}`));
  return html("ul", { class: "legend" }, ...items);
}
