// Draws everything once, and the charts again when the width changes.
const charts = readJson("chart-data");
const answers = openAnswers(readJson("answer-data"));

function drawCharts() {
  if (byId("forest")) drawForest(byId("forest"), charts);
  const priced = drawScatter(byId("pareto-cost"), charts, {
    field: "allIn", format: money, axis: "all-in cost per 1,000 questions, US dollars",
    title: `${charts.metric} against all-in cost`,
  });
  const timed = drawScatter(byId("pareto-latency"), charts, {
    field: "latency", format: seconds, axis: "median time to answer, seconds",
    title: `${charts.metric} against median latency`,
  });
  byId("cost-absent").hidden = priced;
  byId("latency-absent").hidden = timed;
  drawTracks(byId("track-charts"), charts);
  if (charts.tornado && charts.tornado.swings.length) drawTornado(byId("tornado"), charts);
  if (charts.map) drawMap(byId("decision-map"), charts);
  if (charts.staleness.length) drawStaleness(byId("stale-chart"), charts);
  if (charts.smallSample) drawSmallSample(byId("small-sample"), charts);
}

drawCharts();
setUpCost(charts);
setUpScenario(charts);
setUpShowcase(answers, charts);
setUpBrowse(answers, charts);
setUpLosses(answers);
setUpCopy();

let drawnAt = innerWidth;
let resizing;
addEventListener("resize", () => {
  clearTimeout(resizing);
  resizing = setTimeout(() => {
    if (innerWidth === drawnAt) return;
    drawnAt = innerWidth;
    drawCharts();
    showCost(charts);
  }, 120);
});
