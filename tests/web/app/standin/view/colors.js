/** Stand-in colours for the tests of the app, until the view is there. */
const CLASSES = ["#0072b2", "#e08e00", "#009e73", "#cc4c02", "#56b4e9", "#c565a0", "#a89a00", "#4a3f9f", "#8a5a44", "#6d7681"];
const bytes = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

export const categorical = () => CLASSES.map(bytes);

export function sequential() {
  const [low, high] = [bytes("#e0d3b4"), bytes("#1c2a62")];
  return Array.from({ length: 256 }, (_, i) => low.map((v, c) => Math.round(v + ((high[c] - v) * i) / 255)));
}
