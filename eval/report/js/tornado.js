// The net value with one assumption moved at a time: the low setting above, hollow; the high one below, full.
function drawTornado(figure, data) {
  const { a, b, swings } = data.tornado;
  const step = 52;
  const height = step * swings.length + 56;
  const text = swings.map((s) => `${data.factors[s.factor]}: ${money(s.net_low)} at ${s.low}, ${money(s.net_high)} at ${s.high}${s.flips ? ", which changes the decision" : ""}`).join("; ");
  const { canvas, width } = drawing(figure, height, `Net value of ${a} over ${b}, one assumption moved at a time`, text);
  const box = { left: 8, right: width - 8, top: 4, bottom: height - 46 };
  const ends = swings.flatMap((s) => [s.net_base, s.net_low, s.net_high]);
  const room = Math.min(90, width / 5); // for the figures beside the bars
  const scale = linearScale(Math.min(0, ...ends), Math.max(0, ...ends), box.left + room, box.right - room);
  const ticks = scale.ticks(width < 560 ? 3 : 6);
  xAxis(canvas, box, scale, ticks, moneyTicks(ticks), "net value, US dollars");
  canvas.append(line(scale(0), box.top, scale(0), box.bottom, "zero"));
  swings.forEach((swing, i) => drawSwing(canvas, data, swing, box.top + step * i, scale, width));
  const base = scale(swings[0].net_base);
  canvas.append(line(base, box.top, base, box.bottom, "base-line"));
  figure.append(tornadoLegend());
}

function drawSwing(canvas, data, swing, top, scale, width) {
  const settings = width < 640 ? "" : `: ${settingsInWords(swing.low, swing.high)}`;
  const flips = swing.flips ? " \u21c4" : "";
  canvas.append(words(8, top + 14, data.factors[swing.factor] + settings + flips, "label"));
  const base = scale(swing.net_base);
  [["low", swing.net_low], ["high", swing.net_high]].forEach(([name, net], i) => {
    const [end, y] = [scale(net), top + 20 + 13 * i];
    const left = end < base;
    canvas.append(
      svg("rect", { x: Math.min(end, base), y, width: Math.max(1, Math.abs(end - base)), height: 12, class: `swing ${name}` }),
      words(end + (left ? -5 : 5), y + 10, (net > 0 ? "+" : "") + money(net), "value small", left ? "end" : "start"),
    );
  });
}

// "15,000 questions a month", "60,000 questions a month": what both end with is said once.
function settingsInWords(low, high) {
  const [some, others] = [low.split(" "), high.split(" ")];
  while (some.length > 1 && some[some.length - 1] === others.pop()) some.pop();
  return `${some.join(" ")} to ${high}`;
}

function tornadoLegend() {
  const sample = (name) => {
    const icon = svg("svg", { width: 18, height: 12, viewBox: "0 0 18 12", "aria-hidden": "true" });
    icon.append(svg("rect", { x: 1, y: 1, width: 16, height: 10, class: `swing ${name}` }));
    return icon;
  };
  return html("ul", { class: "legend" }, html("li", {}, sample("low"), "at the low setting"), html("li", {}, sample("high"), "at the high setting"), html("li", {}, "\u21c4 changes the decision"), html("li", {}, "dashed: as declared"));
}
