// The panel: controls on one side, the reckoning on the other.
function setUpScenario(data) {
  if (data.money.absent) return;
  const money = openMoney(data);
  const controls = Array.from(document.querySelectorAll("#scenario .control"), control);
  const show = () => {
    const terms = Object.fromEntries(controls.map((one) => [one.name, one.value()]));
    if (Object.values(terms).some((value) => Number.isNaN(value))) return;
    showScenario(money, terms, data.armNames);
  };
  const reset = () => {
    controls.forEach((one) => one.set(money.declared[one.name]));
    show();
  };
  controls.forEach((one) => one.listen(show));
  byId("scenario-reset").addEventListener("click", reset);
  byId("scenario").addEventListener("submit", (event) => event.preventDefault());
  reset();
}

function control(node) {
  return node.querySelector("select") ? cadenceControl(node) : numberControl(node);
}

const CADENCES = [null, 1, 2, 3, 6, 12, 24];

function cadenceControl(node) {
  const select = node.querySelector("select");
  const words = (months) => (months === null ? "never" : months === 1 ? "every month" : `every ${months} months`);
  const add = (months) => select.append(html("option", { value: months === null ? "" : months }, words(months)));
  CADENCES.forEach(add);
  return {
    name: node.dataset.name,
    value: () => (select.value === "" ? null : Number(select.value)),
    set(months) {
      if (!CADENCES.includes(months) && !Array.from(select.options).some((one) => one.value === String(months))) add(months);
      select.value = months === null ? "" : String(months);
    },
    listen: (changed) => select.addEventListener("input", changed),
  };
}

// A slider of 400 steps and a field; the field holds the exact value and may lie beyond the slider.
function numberControl(node) {
  const [slider, field] = node.querySelectorAll("input");
  const { name, scale } = node.dataset;
  const [low, high, least] = [node.dataset.low, node.dataset.high, node.dataset.least].map(Number);
  const unit = name === "churn" ? 100 : 1; // shown in per cent
  const at = (step) => (scale === "log" ? low * (high / low) ** (step / 400) : low + ((high - low) * step) / 400);
  const step = (shown) => 400 * (scale === "log" ? Math.log(shown / low) / Math.log(high / low) : (shown - low) / (high - low));
  let exact = NaN;
  const put = (value) => {
    exact = value;
    const wrong = Number.isNaN(value);
    if (wrong) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
    if (!wrong) slider.value = Math.round(step(value * unit));
  };
  return {
    name,
    value: () => exact,
    set(value) {
      field.value = String(Number((value * unit).toPrecision(12)));
      put(value);
    },
    listen(changed) {
      slider.addEventListener("input", () => {
        const shown = Number(at(Number(slider.value)).toPrecision(name === "months" ? 2 : 3));
        field.value = String(shown);
        exact = shown / unit;
        field.removeAttribute("aria-invalid");
        slider.setAttribute("aria-valuetext", field.value);
        changed();
      });
      field.addEventListener("input", () => {
        const shown = field.value === "" ? NaN : Number(field.value);
        put(shown >= least && !(name === "churn" && shown > 100) ? shown / unit : NaN);
        changed();
      });
    },
  };
}
