/** Icons: strokes on a grid of 16. */
import { svg } from "./dom.js";

const PATHS = {
  search: ["M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10Z", "m10.8 10.8 3.2 3.2"],
  close: ["m4 4 8 8", "m12 4-8 8"],
  lasso: ["M8 2.5c3.3 0 6 1.8 6 4.2s-2.7 4.3-6 4.3-6-1.9-6-4.3S4.7 2.5 8 2.5Z", "M4.5 10.2c-1 .9-1 2.3.2 2.8 1 .4 1.3 1.3.8 2"],
  pan: ["M8 1.5v13", "M1.5 8h13", "m6 3.5 2-2 2 2", "m6 12.5 2 2 2-2", "m3.5 6-2 2 2 2", "m12.5 6 2 2-2 2"],
  fit: ["M2.5 6V2.5H6", "M10 2.5h3.5V6", "M13.5 10v3.5H10", "M6 13.5H2.5V10"],
  plus: ["M8 3v10", "M3 8h10"],
  minus: ["M3 8h10"],
  link: ["M6.6 9.4a3 3 0 0 0 4.3 0l2.2-2.2a3 3 0 0 0-4.3-4.3l-.9.9", "M9.4 6.6a3 3 0 0 0-4.3 0L2.9 8.8a3 3 0 0 0 4.3 4.3l.9-.9"],
  sun: ["M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z", "M8 1v1.5", "M8 13.5V15", "M1 8h1.5", "M13.5 8H15", "m3 3 1 1", "m12 12 1 1", "m13 3-1 1", "m4 12-1 1"],
  moon: ["M13.5 9.6A5.8 5.8 0 0 1 6.4 2.5a5.8 5.8 0 1 0 7.1 7.1Z"],
  help: ["M8 14.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13Z", "M6.2 6.2c.2-1 .9-1.6 1.9-1.6 1.1 0 1.9.7 1.9 1.7 0 1.4-1.9 1.5-1.9 2.9", "M8.05 11.3v.01"],
  compare: ["M2 3h12v10H2Z", "M8 3v10"],
  image: ["M2 3h12v10H2Z", "m2.5 11.5 3.5-3.5 2.5 2.5 2-2 3 3", "M10.5 6.2v.01"],
  filter: ["M2 3.5h12", "M4.5 8h7", "M6.8 12.5h2.4"],
  layers: ["m8 2 6 3.2-6 3.2-6-3.2L8 2Z", "m2.5 8.3 5.5 2.9 5.5-2.9", "m2.5 11 5.5 2.9 5.5-2.9"],
  list: ["M5.5 4h8", "M5.5 8h8", "M5.5 12h8", "M2.5 4v.01", "M2.5 8v.01", "M2.5 12v.01"],
  download: ["M8 2v8", "m5 7.5 3 3 3-3", "M2.5 13.5h11"],
  tag: ["M2.5 2.5h5l6 6-5 5-6-6v-5Z", "M5.3 5.3v.01"],
  space: ["M8 14a6 6 0 1 0 0-12 6 6 0 0 0 0 12Z", "M8 9.3a1.3 1.3 0 1 0 0-2.6 1.3 1.3 0 0 0 0 2.6Z"],
  chevron: ["m4 6 4 4 4-4"],
  copy: ["M5.5 5.5h8v8h-8Z", "M10.5 5.5v-3h-8v8h3"],
  check: ["m3 8.5 3.3 3.3L13 5"],
  warning: ["M8 2 1.5 13.5h13L8 2Z", "M8 6.5v3.2", "M8 11.6v.01"],
  cube: ["m8 1.8 5.5 3.1v6.2L8 14.2l-5.5-3.1V4.9L8 1.8Z", "M2.5 4.9 8 8l5.5-3.1", "M8 8v6.2"],
  back: ["M10 3 5 8l5 5"],
  more: ["M3.5 8v.01", "M8 8v.01", "M12.5 8v.01"],
};

/** Make an icon by name; it says nothing to screen readers. */
export function icon(name, size = 16) {
  const paths = PATHS[name].map((d) => svg("path", { d }));
  return svg(
    "svg",
    {
      class: "icon",
      viewBox: "0 0 16 16",
      width: size,
      height: size,
      fill: "none",
      stroke: "currentColor",
      "stroke-width": 1.5,
      "stroke-linecap": "round",
      "stroke-linejoin": "round",
      "aria-hidden": "true",
      focusable: "false",
    },
    ...paths,
  );
}

/** The sign of the product: a point and its neighbours. */
export function mark() {
  const dots = [[16, 16, 4.4], [8.5, 11, 2.2], [22.5, 8.5, 2.2], [24, 20.5, 1.8], [11, 23, 1.8]];
  return svg(
    "svg",
    { class: "mark", viewBox: "0 0 32 32", width: 22, height: 22, "aria-hidden": "true" },
    svg("rect", { width: 32, height: 32, rx: 8, class: "mark-ground" }),
    ...dots.map(([cx, cy, r]) => svg("circle", { cx, cy, r, class: "mark-dot" })),
  );
}
