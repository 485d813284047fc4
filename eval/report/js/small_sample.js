// How often each configuration comes first on a small sample.
function drawSmallSample(figure, data) {
  const winners = Object.entries(data.smallSample.winners).sort((a, b) => b[1] - a[1]);
  // The one that comes first on all questions won the draws that no other did.
  const missed = ([, share]) => Math.abs(1 - data.smallSample.another - share);
  const [first] = winners.reduce((best, one) => (missed(one) < missed(best) ? one : best), winners[0]);
  const height = winners.length * 30 + 50;
  const text = winners.map(([id, share]) => `${id}: ${percent(share)}`).join("; ");
  const { canvas, width } = drawing(figure, height, "Share of draws won", text);
  const room = width * 0.42;
  const names = winners.map(([id]) => shorten(id, Math.floor(room / 6.8)));
  const widest = Math.max(...names.map((name) => textWidth(canvas, name, "label")));
  const box = { left: Math.min(room, widest) + 10, right: width - 48, top: 4, bottom: height - 44 };
  const scale = linearScale(0, Math.max(...winners.map((w) => w[1])), box.left, box.right);
  xAxis(canvas, box, scale, scale.ticks(4), percent, "share of draws won");
  winners.forEach(([id, share], i) => {
    const y = box.top + 30 * i + 5;
    canvas.append(
      svg("rect", { x: box.left, y, width: Math.max(1, scale(share) - box.left), height: 18, class: id === first ? "winner" : "other" }),
      words(box.left - 8, y + 13, names[i], "label", "end"),
      words(scale(share) + 6, y + 13, percent(share), "value"),
    );
  });
  figure.append(html("p", { class: "note", dir: "auto" }, `In colour: ${first}, first on all test questions.`));
}
