/** A page with nothing but a map, for its tests: `map`, events it sent in `events`, and planted data. */

import * as colors from "/view/colors.js";
import { MapView, NoWebGL } from "/view/map_view.js";

const theme = new URLSearchParams(location.search).get("theme") ?? "light";
const events = { hover: [], click: [], lasso: [], view: [], drawn: [], labels: [] };
const map = new MapView(document.getElementById("map"), { theme });
for (const [type, list] of Object.entries(events)) map.addEventListener(type, ({ detail }) => list.push(detail));

/** A stream of numbers 0..1 that only depends on the seed. */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Clusters that look like those of a map: each of a few strands; codes are the numbers of the clusters. */
function clusters(n, { dim = 2, count = 12, seed = 1 } = {}) {
  const next = random(seed);
  const normal = () => Math.sqrt(-2 * Math.log(next() + 1e-12)) * Math.cos(2 * Math.PI * next());
  const strands = Array.from({ length: count * 6 }, () => {
    const way = [normal(), normal(), normal()];
    return {
      at: [normal() * 0.9, normal() * 0.9, normal() * 0.9],
      way,
      thick: 0.12 + 0.5 * next(),
      weight: next() ** 2 + 0.1,
    };
  });
  const homes = Array.from({ length: count }, () => [next() * 20 - 10, next() * 14 - 7, next() * 14 - 7]);
  const [x, y, z, codes] = [
    new Float32Array(n),
    new Float32Array(n),
    dim === 3 ? new Float32Array(n) : null,
    new Uint8Array(n),
  ];
  const total = strands.reduce((sum, { weight }) => sum + weight, 0);
  for (let i = 0; i < n; i++) {
    let left = next() * total;
    let s = 0;
    while (s < strands.length - 1 && (left -= strands[s].weight) > 0) s++;
    const { at, way, thick } = strands[s];
    const home = homes[s % count];
    const t = 1.2 * (next() - 0.5) * 2;
    x[i] = home[0] + at[0] + way[0] * t + 0.3 * thick * normal();
    y[i] = home[1] + at[1] + way[1] * t + 0.3 * thick * normal();
    if (z) z[i] = home[2] + at[2] + way[2] * t + 0.3 * thick * normal();
    codes[i] = s % count;
  }
  return { points: { n, dim, x, y, z }, codes, homes };
}

/** Set planted clusters with colours and names of regions; resolves when they are drawn. */
async function show(n, options = {}) {
  const data = clusters(n, options);
  const drawn = nextDrawn();
  map.setPoints(data.points);
  map.setColors({
    codes: data.codes,
    palette: colors.categorical(options.theme ?? theme, options.count ?? 12),
    missing: [128, 128, 128],
  });
  if (options.regions) map.setRegions(regionsOf(data, options.count ?? 12));
  await drawn;
  window.data = data;
}

function regionsOf({ homes, points, codes }, count) {
  const coarse = homes.map(([x, y, z], i) => ({
    name: `region ${i}, of planted words`,
    x,
    y,
    z: points.z ? z : 0,
    count: 1000 - i,
  }));
  const fine = [];
  for (let code = 0; code < count; code++) {
    const own = [];
    for (let i = 0; i < points.n && own.length < 6; i++) if (codes[i] === code) own.push(i);
    own.forEach((i, j) =>
      fine.push({
        name: `part ${code}.${j}`,
        x: points.x[i],
        y: points.y[i],
        z: points.z ? points.z[i] : 0,
        count: 100 - j,
      }),
    );
  }
  return [
    { level: 0, regions: coarse },
    { level: 1, regions: fine },
  ];
}

function nextDrawn() {
  return new Promise((resolve) => map.addEventListener("drawn", ({ detail }) => resolve(detail), { once: true }));
}

/** Resolves when the map has drawn nothing for a while and has nothing more to draw. */
async function rest(quiet = 150) {
  let last = -1;
  while (events.drawn.length !== last || map.frame !== 0 || map.pace.coarse) {
    last = events.drawn.length;
    for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
    await new Promise((resolve) => setTimeout(resolve, quiet));
  }
}

/** The colours of the canvas as drawn now: {width, height, bytes}, rows from the top. */
function pixels() {
  map.draw(performance.now());
  const { gl } = map.painter;
  const [width, height] = [gl.drawingBufferWidth, gl.drawingBufferHeight];
  const upside = new Uint8Array(width * height * 4);
  gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, upside);
  const bytes = new Uint8Array(upside.length);
  for (let row = 0; row < height; row++)
    bytes.set(upside.subarray((height - 1 - row) * width * 4, (height - row) * width * 4), row * width * 4);
  return { width, height, bytes };
}

/** The share of pixels that differ from the background by more than `least` in some channel. */
function inked(least = 12) {
  const { bytes } = pixels();
  const ground = map.theme.background;
  let count = 0;
  for (let at = 0; at < bytes.length; at += 4) {
    if (ground.some((value, c) => Math.abs(bytes[at + c] - value) > least)) count++;
  }
  return count / (bytes.length / 4);
}

/** [r, g, b] of the pixel at (x, y) of the element. */
function pixel(x, y) {
  const { width, bytes } = pixels();
  const at = (Math.round(y * devicePixelRatio) * width + Math.round(x * devicePixelRatio)) * 4;
  return [...bytes.subarray(at, at + 3)];
}

Object.assign(window, {
  map,
  events,
  colors,
  MapView,
  NoWebGL,
  clusters,
  show,
  rest,
  nextDrawn,
  inked,
  pixel,
  pixels,
});
document.documentElement.dataset.ready = "yes";
