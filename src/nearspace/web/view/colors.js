/**
 * Colours that colour-blind readers can tell apart.
 *
 * Classes have the colours of Okabe and Ito (2008) and three more, each moved a little so that any two stay apart for
 * readers with normal and with each kind of dichromatic sight (tests/web/test_colors.py says how far); numbers have a
 * scale that goes evenly in OKLab (Ottosson 2020), in lightness above all, so it can be read in grey.
 */

const CLASSES = {
  light: ["#006fba", "#e39a00", "#219d69", "#cd4805", "#59b7e7", "#d26da8", "#a29600", "#50409d", "#875a40", "#677884"],
  dark: ["#2292d2", "#f1a72b", "#2ebf97", "#e57944", "#a9d7f3", "#d19fd8", "#e6e05a", "#9c91f1", "#c59b7a", "#a9b4b6"],
};
const STOPS = {
  light: ["#ecd06a", "#8cc07c", "#3a9c97", "#2a6c9e", "#2d2f73"],
  dark: ["#3a3f8f", "#2f76ae", "#35a59c", "#93cf84", "#f8ec9a"],
};

/** At most ten colours [r, g, b] for classes; more classes than that repeat them. */
export function categorical(theme, count = 10) {
  const colors = CLASSES[theme].map(bytesOf);
  return Array.from({ length: count }, (_, i) => colors[i % colors.length]);
}

/** 256 colours [r, g, b] from low to high; `high` is the one that stands out from the background. */
export function sequential(theme) {
  return even(
    STOPS[theme].map((hex) => labOf(bytesOf(hex))),
    256,
  ).map(bytesOfLab);
}

/** [r, g, b] of "#rrggbb". */
export function bytesOf(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

/** OKLab of [r, g, b]. */
export function labOf(bytes) {
  const [r, g, b] = bytes.map((byte) => linear(byte / 255));
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function bytesOfLab([L, a, b]) {
  const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ].map((value) => Math.round(255 * gamma(Math.min(1, Math.max(0, value)))));
}

function linear(v) {
  return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
}

function gamma(v) {
  return v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055;
}

/** `count` places along a Catmull-Rom curve through `stops`, equally far from each other. */
function even(stops, count) {
  const fine = Array.from({ length: 4001 }, (_, i) => along(stops, (i / 4000) * (stops.length - 1)));
  const way = [0];
  for (let i = 1; i < fine.length; i++) way.push(way[i - 1] + Math.hypot(...fine[i].map((v, c) => v - fine[i - 1][c])));
  const total = way[way.length - 1];
  let at = 0;
  return Array.from({ length: count }, (_, i) => {
    while (at < fine.length - 1 && way[at] < (i / (count - 1)) * total) at++;
    return fine[at];
  });
}

function along(stops, t) {
  const i = Math.min(stops.length - 2, Math.floor(t));
  const u = t - i;
  const [p, q, r, s] = [i - 1, i, i + 1, i + 2].map((j) => stops[Math.min(stops.length - 1, Math.max(0, j))]);
  return q.map(
    (_, c) =>
      0.5 *
      (2 * q[c] +
        (r[c] - p[c]) * u +
        (2 * p[c] - 5 * q[c] + 4 * r[c] - s[c]) * u ** 2 +
        (3 * q[c] - p[c] - 3 * r[c] + s[c]) * u ** 3),
  );
}
