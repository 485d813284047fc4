// Scales map data to pixels; ticks are round numbers of the data.
function linearScale(low, high, from, to) {
  const span = high - low || 1;
  const scale = (value) => from + ((value - low) / span) * (to - from);
  scale.ticks = (wanted) => linearTicks(low, high, wanted);
  return scale;
}

function logScale(low, high, from, to) {
  const first = Math.log10(low);
  const span = Math.log10(high) - first || 1;
  const scale = (value) => from + ((Math.log10(Math.max(value, low)) - first) / span) * (to - from);
  scale.ticks = (wanted) => logTicks(low, high, wanted);
  return scale;
}

function linearStep(span, wanted) {
  const raw = span / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].find((step) => step * power >= raw * 0.999) * power;
}

function linearTicks(low, high, wanted) {
  const step = linearStep(high - low || 1, wanted);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) ticks.push(i * step);
  return ticks;
}

function logTicks(low, high, wanted) {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  for (const steps of [[1, 2, 5], [1, 3], [1]]) {
    const ticks = [];
    for (let power = first; power <= last; power++) for (const step of steps) ticks.push(step * 10 ** power);
    const inside = ticks.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
    if (inside.length <= wanted) return inside;
    if (steps.length === 1) return inside.filter((_, i) => i % Math.ceil(inside.length / wanted) === 0);
  }
}

// A range a little wider than the data, ending on round numbers.
function niceRange(low, high, wanted) {
  const step = linearStep(high - low || Math.abs(high) || 1, wanted);
  return [Math.floor(low / step + 1e-9) * step, Math.ceil(high / step - 1e-9) * step];
}
