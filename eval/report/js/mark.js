// How a configuration looks in every chart: colour tells its context, hollow or full its weights.
const CONTEXT_OF = {
  closed_book: "none", lora: "none",
  rag: "retrieved", lora_rag: "retrieved",
  gold_context: "gold", lora_gold_context: "gold",
};

const markClass = (configuration) => `${CONTEXT_OF[configuration.arm]} ${configuration.tuned ? "tuned" : "base"}`;

function mark(configuration, x, y) {
  const group = svg("g", { class: `point ${markClass(configuration)}` });
  if (configuration.recommended) group.append(svg("circle", { cx: x, cy: y, r: 10, class: "ring" }));
  group.append(svg("circle", { cx: x, cy: y, r: 5 }));
  return group;
}

// The arms present, as a list under a chart; with numbers where the points carry numbers.
function legend(configurations, armNames) {
  const seen = Object.keys(armNames).filter((arm) => configurations.some((c) => c.arm === arm));
  const items = seen.map((arm) => {
    const sample = { arm, tuned: arm.includes("lora") };
    const icon = svg("svg", { width: 14, height: 14, viewBox: "0 0 14 14", "aria-hidden": "true" }, mark(sample, 7, 7));
    return html("li", {}, icon, armNames[arm]);
  });
  if (configurations.some((c) => c.recommended)) {
    const icon = svg("svg", { width: 14, height: 14, viewBox: "0 0 14 14", "aria-hidden": "true" });
    icon.append(svg("circle", { cx: 7, cy: 7, r: 6, class: "ring" }));
    items.push(html("li", {}, icon, "recommended"));
  }
  return html("ul", { class: "legend" }, ...items);
}

function numberedNames(configurations) {
  return html("ol", { class: "numbered" }, ...configurations.map((c) => html("li", { dir: "auto" }, c.id)));
}
