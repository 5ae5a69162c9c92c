/** The state of the page as the part of the address after "#", so that a link restores the view. */

const PLAIN = { space: "s", map: "m", color: "c", query: "q", key: "p", where: "w", tab: "t", compare: "x" };
const NUMBERS = new Set(["space"]);

/** State -> "m=umap&c=class&...". What is as it starts is left out. */
export function write(state, initial) {
  const parts = new URLSearchParams();
  for (const [name, short] of Object.entries(PLAIN)) {
    if (state[name] !== null && state[name] !== "" && state[name] !== initial[name]) parts.set(short, state[name]);
  }
  if (state.sized) parts.set("size", "1");
  if (state.faded) parts.set("fade", "1");
  for (const [name, filter] of Object.entries(state.filters)) {
    parts.append(`f.${name}`, filter.values ? JSON.stringify(filter.values) : `${filter.low}..${filter.high}`);
  }
  if (state.camera) parts.set("v", camera(state.camera));
  return parts.toString();
}

/** The address -> the part of the state that it speaks of; what makes no sense is left out. */
export function read(hash) {
  const parts = new URLSearchParams(hash.replace(/^#/, ""));
  const state = { sized: parts.has("size"), faded: parts.has("fade"), filters: {}, camera: null };
  for (const [name, short] of Object.entries(PLAIN)) {
    if (!parts.has(short)) continue;
    const value = NUMBERS.has(name) ? Number(parts.get(short)) : parts.get(short);
    if (!Number.isNaN(value)) state[name] = value;
  }
  for (const [name, value] of parts) {
    const filter = name.startsWith("f.") ? readFilter(value) : null;
    if (filter) state.filters[name.slice(2)] = filter;
  }
  if (parts.has("v")) state.camera = readCamera(parts.get("v"));
  return state;
}

function readFilter(value) {
  const range = /^(-?[\d.e+-]+?)\.\.(-?[\d.e+-]+)$/i.exec(value);
  if (range) {
    const [low, high] = [Number(range[1]), Number(range[2])];
    return Number.isFinite(low) && Number.isFinite(high) ? { low, high } : null;
  }
  try {
    const values = JSON.parse(value);
    return Array.isArray(values) && values.length ? { values: values.map(String) } : null;
  } catch {
    return null;
  }
}

/** "x_y_z_zoom_azimuth_elevation", six digits each. */
function camera({ center, zoom, rotation }) {
  return [...center, zoom, ...rotation].map((value) => Number(value.toPrecision(6))).join("_");
}

function readCamera(text) {
  const [x, y, z, zoom, azimuth, elevation] = text.split("_").map(Number);
  const view = { center: [x, y, z], zoom, rotation: [azimuth, elevation] };
  return [x, y, z, zoom, azimuth, elevation].every(Number.isFinite) ? view : null;
}

/**
 * Keep a store and the address of a window together; back and forward work.
 *
 * @param {object} initial the state without an address
 * @param {{arrive: Function, signal: AbortSignal}} settings `arrive` takes the state of an address that one came to
 */
export function bind(store, window, initial, { arrive, signal }) {
  const save = (state, _, { history }) => {
    if (history === "silent") return;
    const written = `#${write(state, initial)}`;
    if (written === (window.location.hash || "#")) return;
    const { pathname, search } = window.location;
    const address = written === "#" ? pathname + search : written;
    window.history[history === "push" ? "pushState" : "replaceState"](null, "", address);
  };
  store.on(null, save, signal);
  window.addEventListener("popstate", () => arrive(read(window.location.hash)), { signal });
}
