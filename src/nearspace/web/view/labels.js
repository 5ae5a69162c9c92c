/**
 * Texts on the map, none over another.
 *
 * Places are given out in the order of importance; a label that is there goes before a new one of its kind, so that
 * panning and zooming never make labels swap. Labels fade in and out.
 */

import { css } from "./theme.js";

const FONT = '"Inter", system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';
const FADE = 180; // milliseconds
const GAP = 4; // pixels between labels
const MOST = 90; // labels at a time
const CELL = 48;
const [COMING, GOING] = [115, 190]; // pixels between the regions of a level as it appears, and as the level above goes
const REGION_SIZES = [17, 14, 12.5, 11.5];

/** A label that wants a place: text at a pixel. `sides` true puts it beside the pixel, else it is centred on it. */
export class Labels {
  constructor() {
    Object.assign(this, { shown: new Map(), widths: new Map(), boxes: [] });
  }

  clear() {
    this.shown.clear();
  }

  /**
   * Give places to `wanted`, [{id, text, x, y, rank, size, weight, tone, sides}], within width and height; true while
   * fading. A lower rank goes first.
   */
  place(wanted, width, height, context, now, calm) {
    const order = wanted
      .map((label) => ({ ...label, held: this.shown.has(label.id) && this.shown.get(label.id).target > 0 }))
      .sort((a, b) => Math.floor(a.rank) - Math.floor(b.rank) || b.held - a.held || a.rank - b.rank);
    const taken = new Occupied();
    this.boxes = [];
    const placed = new Set();
    for (const label of order) {
      if (placed.size === MOST) break;
      const box = this.freeBox(label, taken, width, height, context);
      if (box === null) continue;
      taken.add(box);
      placed.add(label.id);
      this.boxes.push(box);
      this.show(label, box);
    }
    return this.fade(placed, wanted, now, calm);
  }

  freeBox(label, taken, width, height, context) {
    const w = this.widthOf(label, context);
    const h = label.size * 1.25;
    const before = this.shown.get(label.id)?.side ?? 0;
    const sides = label.sides ? [before, 0, 1, 2, 3] : [0];
    for (const side of sides) {
      const [x, y] = label.sides ? beside(label, w, h, side) : [label.x - w / 2, label.y - h / 2];
      const box = { x, y, w, h, side };
      if (x + w < 0 || y + h < 0 || x > width || y > height) continue;
      if (label.sides && (x < 2 || x + w > width - 2)) continue;
      if (taken.free(box)) return box;
    }
    return null;
  }

  widthOf({ text, size, weight }, context) {
    const key = `${weight} ${size} ${text}`;
    if (!this.widths.has(key)) {
      if (this.widths.size > 5000) this.widths.clear();
      context.font = fontOf(weight, size);
      this.widths.set(key, context.measureText(text).width);
    }
    return this.widths.get(key);
  }

  show(label, box) {
    const entry = this.shown.get(label.id) ?? { alpha: 0 };
    this.shown.set(
      label.id,
      Object.assign(entry, { label, side: box.side, dx: box.x - label.x, dy: box.y - label.y, box }),
    );
  }

  /** Move opacities towards where they belong; labels that lost their place follow the map while they fade. */
  fade(placed, wanted, now, calm) {
    const step = calm ? 1 : Math.min(1, (now - (this.time ?? now) + 8) / FADE);
    this.time = now;
    const places = new Map(wanted.map((label) => [label.id, label]));
    let fading = false;
    for (const [id, entry] of this.shown) {
      entry.target = placed.has(id) ? 1 : 0;
      const at = places.get(id);
      if (at !== undefined) Object.assign(entry.label, { x: at.x, y: at.y, tone: at.tone });
      const difference = entry.target - entry.alpha;
      entry.alpha = Math.abs(difference) <= step ? entry.target : entry.alpha + Math.sign(difference) * step;
      if (entry.alpha !== entry.target) fading = true;
      if (entry.target === 0 && (entry.alpha === 0 || at === undefined)) this.shown.delete(id);
    }
    return fading;
  }

  draw(context, theme) {
    context.textBaseline = "middle";
    context.textAlign = "left";
    context.lineJoin = "round";
    for (const { label, alpha, dx, dy, box } of this.shown.values()) {
      if (alpha <= 0.01) continue;
      const [x, y] = [Math.round(label.x + dx), Math.round(label.y + dy + box.h / 2)];
      context.font = fontOf(label.weight, label.size);
      context.globalAlpha = alpha;
      context.lineWidth = label.size > 13 ? 4 : 3.5;
      context.strokeStyle = css(theme.background, 0.86);
      context.strokeText(label.text, x, y);
      context.fillStyle = css(label.tone);
      context.fillText(label.text, x, y);
    }
    context.globalAlpha = 1;
  }
}

function beside({ x, y, gap = 7 }, w, h, side) {
  if (side === 0) return [x + gap, y - h / 2];
  if (side === 1) return [x - gap - w, y - h / 2];
  return [x - w / 2, side === 2 ? y - gap - h : y + gap];
}

function fontOf(weight, size) {
  return `${weight} ${size}px ${FONT}`;
}

/** Boxes that are taken, found by a grid of cells. */
class Occupied {
  constructor() {
    this.cells = new Map();
  }

  free(box) {
    for (const key of cellsOf(box)) for (const other of this.cells.get(key) ?? []) if (touch(box, other)) return false;
    return true;
  }

  add(box) {
    for (const key of cellsOf(box)) {
      if (this.cells.has(key)) this.cells.get(key).push(box);
      else this.cells.set(key, [box]);
    }
  }
}

function* cellsOf({ x, y, w, h }) {
  for (let row = Math.floor((y - GAP) / CELL); row <= Math.floor((y + h + GAP) / CELL); row++) {
    for (let column = Math.floor((x - GAP) / CELL); column <= Math.floor((x + w + GAP) / CELL); column++)
      yield row * 65536 + column;
  }
}

function touch(a, b) {
  return a.x < b.x + b.w + GAP && b.x < a.x + a.w + GAP && a.y < b.y + b.h + GAP / 2 && b.y < a.y + a.h + GAP / 2;
}

/**
 * The names of regions that belong on the screen: those of the finest level whose regions lie far enough apart, and
 * those of the level above until they do so clearly.
 *
 * @param {{level: number, regions: {name: string, x: number, y: number, z?: number, count: number}[]}[]} levels coarse first
 */
export function regionLabels(levels, camera, tone) {
  const ordered = [...levels]
    .filter(({ regions }) => regions.length > 0)
    .sort((a, b) => a.regions.length - b.regions.length);
  const spaces = ordered.map(({ regions }, i) => (i === 0 ? Infinity : spacing(regions.length, camera)));
  const labels = [];
  const project = camera.projector();
  ordered.forEach(({ regions, level }, i) => {
    if (spaces[i] < COMING || (spaces[i + 1] ?? 0) > GOING) return;
    const most = Math.max(...regions.map(({ count }) => count), 1);
    regions.forEach(({ name, x, y, z = 0, count }, number) => {
      const [sx, sy] = project(x, y, z);
      if (!name || !(sx > -300 && sy > -50 && sx < camera.width + 300 && sy < camera.height + 50)) return;
      const size = REGION_SIZES[Math.min(i, REGION_SIZES.length - 1)];
      const rank = 2 + i + 0.999 * (1 - count / (most + 1));
      labels.push({
        id: `r${level}:${number}`,
        text: name,
        x: sx,
        y: sy,
        rank,
        size,
        weight: i === 0 ? 650 : 550,
        tone,
      });
    });
  });
  return labels;
}

/** Pixels from one region to the next, were they spread evenly. */
function spacing(count, { widths, scale }) {
  return Math.sqrt((widths[0] * widths[1]) / count) * scale;
}
