/** One picture: density or points or, between the two, both; then marks, links, labels. */

import { regionLabels } from "./labels.js";
import { MOST_MARKED } from "./marks.js";
import { FOUND, PLAIN } from "./paint.js";
import { smoothstep } from "./theme.js";

const FEW = 18000; // points on the screen that are all drawn one by one
const MANY = 40000; // from which on only their density is
const VEIL = 0.28; // opacity of all points while some are marked
const MOST_RINGS = 3000;
const MOST_BINS = 1.6e6;
const BUCKETS = 512; // of depth
const EDGE = 0.85; // opacity of the rim of a point

/**
 * Draw the state of a MapView, `coarse` with a fourth of the pixels and, in a density, of the points. Returns {points,
 * density, busy}: how many points are on the screen, and whether to draw again.
 */
export function drawFrame(view, now, coarse) {
  const { painter, overlay, screen, theme } = view;
  painter.resize(view.camera.width, view.camera.height, view.ratio * (coarse ? 0.5 : 1));
  screen.stride = coarse ? 4 : 1;
  painter.clear(theme.background);
  overlay.clear();
  const seen = screen.count();
  const dense = whole(smoothstep(FEW, MANY, seen));
  const veil = view.marks.veiled ? VEIL : 1;
  if (dense > 0) drawDensity(view, seen, dense * veil);
  view.diameter = diameterOf(view.camera, seen);
  if (dense < 1 && seen > 0) drawPoints(view, (1 - dense) * veil);
  drawMarked(view, dense > 0);
  drawBox(view);
  const busy = [drawLinks(view, now), drawLabels(view, now)];
  drawHovered(view);
  if (view.path !== null) overlay.lasso(view.path, theme);
  return { points: seen, density: dense > 0.5, busy: busy.includes(true) };
}

/**
 * Where bins are many and points few, a point spreads over four bins, so that density looks like the points it turns
 * into.
 */
function drawDensity({ painter, screen, camera, paint, theme }, seen, opacity) {
  const pixels = camera.width * camera.height;
  const size = Math.max(1 / painter.ratio, Math.sqrt(pixels / MOST_BINS));
  const spread = 1 - smoothstep(0.12, 0.5, (seen * size * size) / screen.stride / pixels);
  painter.drawDensity(screen.densityOf(paint, { size, spread, dark: theme.dark }), opacity);
}

/** All or nothing, where the lesser part would hardly show and cost a whole picture. */
function whole(share) {
  return share < 0.06 ? 0 : share > 0.94 ? 1 : share;
}

/** Pixels: large where few points are on the screen. */
function diameterOf({ width, height }, seen) {
  return Math.max(2.6, Math.min(9, 0.32 * Math.sqrt((width * height) / Math.max(1, seen)) + 1.2));
}

function drawPoints(view, opacity) {
  const { painter, batch, theme, marks } = view;
  batch.clear();
  if (view.screen.solid) addByDepth(view);
  else view.screen.each((i, x, y) => addPoint(view, i, x, y, 1, 1));
  painter.drawDiscs(batch, [...theme.background, EDGE], opacity * (marks.painted === null ? 0.94 : 0.8));
}

/** Add points far to near, by a counting sort of their depth. */
function addByDepth(view) {
  const { near, weight, px, py } = view.screen.turned();
  const { eye, fog, depth } = view.camera.numbers();
  const seen = [];
  view.screen.each((i) => seen.push(i));
  const bucket = (i) => Math.max(0, Math.min(BUCKETS - 1, Math.floor((0.5 + (0.5 * near[i]) / (fog || 1)) * BUCKETS)));
  const starts = new Uint32Array(BUCKETS + 1);
  for (const i of seen) starts[bucket(i) + 1]++;
  for (let b = 0; b < BUCKETS; b++) starts[b + 1] += starts[b];
  const ordered = new Uint32Array(seen.length);
  for (const i of seen) ordered[starts[bucket(i)]++] = i;
  for (const i of ordered) addPoint(view, i, px[i], py[i], weight[i], 1 / (1 - (depth * near[i]) / eye));
}

function addPoint({ screen, batch, paint, sizes, marks, diameter }, i, x, y, share, grow) {
  const point = screen.index.order[i];
  if (marks.bytes !== null && marks.bytes[point] !== PLAIN && marks.count <= MOST_MARKED) return;
  const word = paint[i];
  const weight = 70 + (185 / 255) * (word >>> 24);
  const size = diameter * Math.min(4, grow) * (sizes === null ? 1 : 0.55 + (0.75 * sizes[point]) / 255);
  batch.add(x, y, size, (word & 0xffffff) | ((weight * share) << 24));
}

/** Found and selected points over the others, with rings where these are not too many. */
function drawMarked(view, dense) {
  const { painter, marks, theme, batch } = view;
  if (marks.bytes === null || marks.count > MOST_MARKED) return;
  const rest = marks.selected.filter((point) => marks.bytes[point] !== FOUND);
  const size = Math.max(view.diameter, dense ? 3.5 : 4.5);
  fill(view, batch, rest, () => size + 0.5);
  painter.drawDiscs(batch, [...theme.background, EDGE]);
  if (batch.count <= MOST_RINGS) painter.drawRings(batch, [...theme.accent, 0.9], { band: 1.25, grow: 1.25 });
  fill(view, batch, [...marks.found].reverse(), (place, count) => {
    const rank = marks.ordered && count > 1 ? 1 - place / (count - 1) : 0;
    return Math.max(size + 1.5, 7) + 3 * (1 - rank) * (marks.ordered ? 1 : 0.4);
  });
  painter.drawDiscs(batch, [...theme.background, 1]);
  if (batch.count <= MOST_RINGS) painter.drawRings(batch, [...theme.ring, 0.92], { band: 1.5, grow: 2 });
}

function fill(view, batch, points, sizeOf) {
  const { camera } = view;
  batch.clear();
  const project = camera.projector();
  points.forEach((point, place) => {
    const at = view.coordinatesOf(point);
    if (at === null) return;
    const [x, y] = project(...at);
    if (x > -20 && y > -20 && x < camera.width + 20 && y < camera.height + 20)
      batch.add(x, y, sizeOf(place, points.length), view.wordOf(point));
  });
}

/** The box of a map in 3-D, which shows how it is turned. */
function drawBox({ index, camera, overlay, theme }) {
  if (!index?.z || camera.depth === 0) return;
  const project = camera.projector();
  const corners = Array.from({ length: 8 }, (_, c) => project(...index.box.map((ends, axis) => ends[(c >> axis) & 1])));
  if (corners.some(([x]) => Number.isNaN(x))) return;
  overlay.box(
    corners.map(([x, y]) => [x, y]),
    corners.map(([, , near]) => near),
    theme,
    camera.depth,
  );
}

function drawLinks(view, now) {
  const { link, overlay, theme, calm } = view;
  if (link === null) return false;
  const from = view.placeOf(link.from);
  const to = [...link.to].map((point) => view.placeOf(point));
  if (from === null) return false;
  link.start ??= now;
  return overlay.links(
    from,
    to.filter((place) => place !== null),
    theme,
    calm ? Infinity : now - link.start,
  );
}

function drawHovered(view) {
  if (view.hovered < 0) return;
  const place = view.placeOf(view.hovered);
  if (place !== null) view.overlay.ring(place, Math.max(6, view.diameter / 2 + 3.5), view.theme);
}

function drawLabels(view, now) {
  const { labels, overlay, camera, theme, levels, calm } = view;
  const tone = view.marks.bytes === null ? theme.ink : theme.faint;
  const wanted = [...regionLabels(levels, camera, tone), ...pointLabels(view)];
  const fading = labels.place(wanted, camera.width, camera.height, overlay.context, now, calm);
  labels.draw(overlay.context, theme);
  return fading;
}

/** Found points are named before regions, others after them. */
function pointLabels(view) {
  const { texts, marks, theme, diameter, camera } = view;
  const count = texts.length;
  const labels = [];
  texts.forEach(({ point, text }, i) => {
    const mark = marks.bytes === null ? PLAIN : marks.bytes[point];
    if (mark === PLAIN && !view.closeUp) return;
    const place = view.placeOf(point);
    if (
      place === null ||
      !text ||
      place[0] < -200 ||
      place[1] < -50 ||
      place[0] > camera.width + 200 ||
      place[1] > camera.height + 50
    )
      return;
    const marked = mark !== PLAIN;
    const rank = (mark === FOUND ? 0 : marked ? 1 : 20) + (0.999 * i) / count;
    const gap = diameter / 2 + (marked ? 8 : 4);
    const tone = marked ? theme.ink : theme.faint;
    labels.push({
      id: `p${point}`,
      text,
      x: place[0],
      y: place[1],
      rank,
      size: marked ? 12.5 : 11.5,
      weight: marked ? 600 : 450,
      tone,
      sides: true,
      gap,
    });
  });
  return labels;
}
