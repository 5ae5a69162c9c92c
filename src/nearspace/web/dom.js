/** Elements made by calls. Texts are always text nodes, so markup in data stays text. */

/**
 * Make an element.
 *
 * @param {string} tag
 * @param {object} [settings] `class`, `text`, `on: {event: listener}`, `data: {name: value}`; a value that is
 *   null, undefined or false is left out, true is an attribute without value, anything else an attribute.
 * @param {...(Node|string|null|false)} children
 */
export function h(tag, settings = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(settings)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") element.textContent = value;
    else if (name === "class") element.className = value;
    else if (name === "on") listen(element, value);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "value" && "value" in element) element.value = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  put(element, ...children);
  return element;
}

function listen(element, listeners) {
  for (const [event, listener] of Object.entries(listeners)) element.addEventListener(event, listener);
}

/** Append nodes and strings; null and false are passed over, lists are taken apart. */
export function put(element, ...children) {
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
}

/** Replace all that an element holds. */
export function fill(element, ...children) {
  element.replaceChildren();
  return put(element, ...children);
}

const SVG = "http://www.w3.org/2000/svg";

/** Make an SVG element with attributes and children. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") element.textContent = value;
    else if (value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  put(element, ...children);
  return element;
}

/** The element that has the focus, also inside a shadow root. */
export function focused(root) {
  return root.activeElement ?? document.activeElement;
}

/** Whether typing goes into this element. */
export function isTyping(element) {
  if (!element) return false;
  if (element.isContentEditable || element.tagName === "TEXTAREA" || element.tagName === "SELECT") return true;
  return element.tagName === "INPUT" && !["checkbox", "radio", "button", "range"].includes(element.type);
}

/** Call `action` once, `milliseconds` after the last call. */
export function debounce(action, milliseconds) {
  let timer = 0;
  const late = (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...values), milliseconds);
  };
  late.cancel = () => clearTimeout(timer);
  return late;
}

let serial = 0;

/** A name for an element that no other on the page has. */
export function unique(stem) {
  serial += 1;
  return `${stem}-${serial}`;
}
