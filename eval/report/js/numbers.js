// The same numbers as numbers.py, written the same way.
const MINUS = "\u2212";
const NBSP = "\u00a0";

function fixed(value, decimals) {
  const [whole, fraction] = value.toFixed(decimals).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction ? grouped + "." + fraction : grouped;
}

function significant(value, digits = 3) {
  if (value === 0) return "0";
  const decimals = Math.min(100, Math.max(0, digits - 1 - Math.floor(Math.log10(value))));
  const text = fixed(value, decimals);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

const signed = (value, text) => (value < 0 && /[1-9]/.test(text) ? MINUS + text : text);

function money(value) {
  const size = Math.abs(value);
  if (size >= 100 || size === 0) return signed(value, "$" + fixed(size, 0));
  if (size >= 1) return signed(value, "$" + fixed(size, 2));
  const [whole, fraction = ""] = significant(size).split(".");
  return signed(value, "$" + whole + "." + fraction.padEnd(2, "0"));
}

function score(value) {
  const size = Math.abs(value);
  return signed(value, size >= 0.0005 && size < 0.01 ? significant(size, 1) : fixed(size, 2));
}

function percent(share) {
  const hundred = Math.abs(share) * 100;
  return signed(share, fixed(hundred, hundred > 0 && hundred < 1 ? 1 : 0) + NBSP + "%");
}

const count = (value) => signed(value, fixed(Math.abs(value), 0));

function volume(value) {
  const size = Math.abs(value);
  return signed(value, size < 100 ? significant(size) : fixed(Number(size.toPrecision(3)), 0));
}

const seconds = (value) => significant(value) + NBSP + "s";
const between = (triple, format) => `${format(triple[0])} (${format(triple[1])} to ${format(triple[2])})`;
