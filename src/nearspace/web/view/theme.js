/** Colours of the map itself; those of the points come from the app. Bytes 0..255, as everywhere here. */

export const THEMES = {
  light: {
    dark: false,
    background: [251, 251, 250],
    ink: [32, 36, 44],
    faint: [112, 118, 130],
    accent: [28, 100, 242],
    ring: [24, 28, 36],
    missing: [186, 190, 198],
  },
  dark: {
    dark: true,
    background: [17, 19, 24],
    ink: [236, 239, 244],
    faint: [150, 157, 170],
    accent: [110, 168, 254],
    ring: [248, 250, 252],
    missing: [84, 90, 102],
  },
};

/** A CSS colour of bytes. */
export function css([r, g, b], alpha = 1) {
  return `rgba(${Math.round(r)}, ${Math.round(g)}, ${Math.round(b)}, ${alpha})`;
}

/** From `a` to `b` by `share` 0..1. */
export function mix(a, b, share) {
  return a.map((value, i) => value + (b[i] - value) * share);
}

/** 0 below `low`, 1 above `high`, smooth between. */
export function smoothstep(low, high, value) {
  const t = Math.min(1, Math.max(0, (value - low) / (high - low)));
  return t * t * (3 - 2 * t);
}
