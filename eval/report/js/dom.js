// Elements are built from attributes and text only: nothing in the data is ever parsed as markup.
const SVG = "http://www.w3.org/2000/svg";

function build(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const html = (tag, attributes, ...children) => build(document.createElement(tag), attributes, children);
const svg = (tag, attributes, ...children) => build(document.createElementNS(SVG, tag), attributes, children);
const byId = (id) => document.getElementById(id);
const readJson = (id) => JSON.parse(byId(id).textContent);

function shorten(text, length) {
  const letters = Array.from(text);
  if (letters.length <= length) return text;
  const head = Math.ceil((length - 1) * 0.6);
  return letters.slice(0, head).join("") + "\u2026" + letters.slice(letters.length - (length - 1 - head)).join("");
}

// A name as text that lines may break after its separators, rather than inside a word.
const breakable = (name) => name.split(/(?<=[_+/.,:=-])(?=[^_+/.,:=-])/).flatMap((part, i) => (i ? [html("wbr"), part] : [part]));
