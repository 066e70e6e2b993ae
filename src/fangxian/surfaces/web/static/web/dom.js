// Elements from data: a text stays text, whatever a station is called.
export function make(tag, attributes = {}, ...inside) {
  const node = document.createElement(tag);
  Object.entries(attributes).forEach(([name, value]) => node.setAttribute(name, value));
  node.append(...inside);
  return node;
}
