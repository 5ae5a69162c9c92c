/**
 * Where the map is looked at from: pixels of the element from coordinates of the data, and back.
 *
 * A view in 2-D is a view in 3-D from straight above without depth, so that going from one to the other is a turn.
 * `zoom` is the binary logarithm of the magnification over the view that holds all points, and so survives a resize.
 */

import { smoothstep } from "./theme.js";

const LOWEST_ZOOM = -2;
const HIGHEST_ZOOM = 20;
const MARGIN = 36; // pixels around all points
const GLIDE = 70; // milliseconds in which most of a turn of the wheel is done
const EYE = 1.6; // distance of the eye, in widths of the element
const NEAREST = 0.9; // of that distance: points nearer to the eye are not drawn

/** How a map in 3-D is turned at first. */
export const SOLID = [0.6, 0.35];

export class Camera {
  constructor() {
    Object.assign(this, {
      width: 1,
      height: 1,
      center: [0, 0, 0],
      zoom: 0,
      rotation: [0, 0],
      depth: 0,
      flight: null,
      glide: null,
    });
    this.setBox([
      [-1, 1],
      [-1, 1],
      [0, 0],
    ]);
  }

  /** Fit zoom 0 to the box [[low, high]] of x, y, z, and in 3-D to a sample of its points, x, y, z, x, y, z, ... */
  setBox(box, sample = []) {
    this.middle = box.map(([low, high]) => low + (high - low) / 2);
    const widths = box.map(([low, high], axis) => high - low || (axis < 2 ? Math.max(1e-6, Math.abs(low) * 1e-6) : 0));
    if (box[0][0] === box[0][1] && box[1][0] === box[1][1])
      widths[0] = widths[1] = Math.max(1, Math.abs(box[0][0]) * 1e-3);
    this.widths = widths;
    this.radius = Math.hypot(...widths) / 2;
    this.sample = sample;
    this.solidScale = null;
  }

  resize(width, height) {
    Object.assign(this, { width: Math.max(1, width), height: Math.max(1, height), solidScale: null });
  }

  /** Pixels a unit at zoom 0. */
  get fitScale() {
    const room = this.room(MARGIN);
    const flat = Math.min(room[0] / this.widths[0], room[1] / this.widths[1]);
    if (this.depth === 0) return flat;
    this.solidScale ??= this.solidFit(room);
    return flat + (this.solidScale - flat) * this.depth;
  }

  /** The largest scale at which all points of the sample, turned by SOLID, are within the room in perspective. */
  solidFit([width, height]) {
    const [ca, sa, ce, se] = sinesOf(SOLID);
    const eye = this.eye;
    let scale = Math.min(width, height) / this.radius;
    for (let i = 0; i < this.sample.length; i += 3) {
      const [x, y, z] = this.middle.map((value, axis) => this.sample[i + axis] - value);
      const turned = ca * z - sa * x;
      const near = (se * y + ce * turned) / eye;
      scale = Math.min(scale, width / 2 / Math.max(1e-300, Math.abs(ca * x + sa * z) + (near * width) / 2));
      scale = Math.min(scale, height / 2 / Math.max(1e-300, Math.abs(ce * y - se * turned) + (near * height) / 2));
    }
    return scale;
  }

  room(margin) {
    return [this.width, this.height].map((pixels) => Math.max(20, pixels - 2 * margin));
  }

  get eye() {
    return EYE * Math.max(this.width, this.height);
  }

  get scale() {
    return this.fitScale * 2 ** this.zoom;
  }

  /** Seen from straight above, without depth: then x and y go to the screen each by a line. */
  get flat() {
    return this.depth === 0 && this.rotation[0] === 0 && this.rotation[1] === 0;
  }

  /** The numbers that the loops over all points need. */
  numbers() {
    const [ca, sa, ce, se] = this.sines();
    const k = this.scale;
    return {
      ca,
      sa,
      ce,
      se,
      k,
      eye: this.eye,
      fog: k * this.radius,
      depth: this.depth,
      halfW: this.width / 2,
      halfH: this.height / 2,
      center: this.center,
    };
  }

  sines() {
    return sinesOf(this.rotation);
  }

  /** A function from (x, y, z) to [x, y, towards the eye] in pixels, from the upper left corner; NaN behind the eye. */
  projector() {
    const { ca, sa, ce, se, k, eye, depth, halfW, halfH, center } = this.numbers();
    return (px, py, pz) => {
      const [x, y, z] = [px - center[0], py - center[1], depth === 0 ? 0 : (pz - center[2]) * depth];
      const turned = ca * z - sa * x;
      const near = (se * y + ce * turned) * k;
      if (near * depth > NEAREST * eye) return [NaN, NaN, near];
      const p = 1 / (1 - (depth * near) / eye);
      return [halfW + (ca * x + sa * z) * k * p, halfH - (ce * y - se * turned) * k * p, near];
    };
  }

  /** A step of (dx, dy) pixels in the plane of the screen, in units of the data. */
  step(dx, dy) {
    const [ca, sa, ce, se] = this.sines();
    const [x, y] = [dx / this.scale, -dy / this.scale];
    const turned = -se * y;
    return [ca * x - sa * turned, ce * y, this.depth * (sa * x + ca * turned)];
  }

  /** The point of the data under a pixel, in the plane through the centre. */
  under(sx, sy) {
    const by = this.step(sx - this.width / 2, sy - this.height / 2);
    return this.center.map((value, axis) => value + by[axis]);
  }

  pan(dx, dy) {
    const by = this.step(-dx, -dy);
    this.center = this.center.map((value, axis) => value + by[axis]);
  }

  /** Turn by a drag of (dx, dy) pixels. */
  orbit(dx, dy) {
    const [azimuth, elevation] = this.rotation;
    const limit = Math.PI / 2;
    this.rotation = [azimuth + dx * 0.006, Math.max(-limit, Math.min(limit, elevation + dy * 0.006))];
  }

  zoomBy(steps, sx = this.width / 2, sy = this.height / 2) {
    const before = this.under(sx, sy);
    this.zoom = clampZoom(this.zoom + steps);
    const after = this.under(sx, sy);
    this.center = this.center.map((value, axis) => value + before[axis] - after[axis]);
  }

  /** The view {center, zoom, rotation} that shows the box, no nearer than `nearest`. */
  viewOf(box, nearest = HIGHEST_ZOOM) {
    const room = this.room(2 * MARGIN);
    const widths = box.map(([low, high]) => high - low);
    const solid = Math.min(...room) / Math.hypot(...widths);
    const flat = Math.min(room[0] / widths[0], room[1] / widths[1]);
    const scale = this.depth > 0.5 ? solid : flat;
    const zoom = Math.log2(scale / this.fitScale);
    return {
      center: box.map(([low, high]) => low + (high - low) / 2),
      zoom: Math.max(LOWEST_ZOOM, Math.min(nearest, zoom)),
      rotation: [...this.rotation],
    };
  }

  view() {
    return { center: [...this.center], zoom: this.zoom, rotation: [...this.rotation] };
  }

  /** On the way between 2-D and 3-D. */
  get turning() {
    return this.flight !== null && this.flight.to.depth !== this.depth;
  }

  /** Zoom by hand: a turn of the wheel is spread over some pictures, unless all should be `calm`. */
  push(steps, x, y, now, calm) {
    if (calm) this.zoomBy(steps, x, y);
    else this.glide = { steps: (this.glide?.steps ?? 0) + steps, x, y, time: this.glide?.time ?? now };
  }

  set({ center, zoom, rotation, depth = this.depth }) {
    this.flight = this.glide = null;
    Object.assign(this, { center: [...center], zoom: clampZoom(zoom), rotation: [...rotation], depth });
  }

  /** Fly to a view in so many milliseconds; 0 is at once. */
  fly(to, milliseconds, now) {
    const target = { ...this.view(), depth: this.flight ? this.flight.to.depth : this.depth, ...to };
    if (milliseconds === 0) return this.set(target);
    this.glide = null;
    const from = { ...this.view(), depth: this.depth };
    this.flight = {
      from,
      to: { ...target, zoom: clampZoom(target.zoom) },
      start: now,
      milliseconds,
      hop: this.hop(target),
    };
  }

  /** How far to zoom out on the way to a place many screens off. */
  hop({ center, zoom }) {
    const scale = this.fitScale * 2 ** Math.min(zoom, this.zoom);
    const screens =
      (Math.hypot(...center.map((v, a) => v - this.center[a])) * scale) / Math.max(this.width, this.height);
    return screens > 1 ? Math.min(8, Math.log2(screens)) : 0;
  }

  /** Go on with what is under way; true while something is. */
  advance(now) {
    if (this.flight !== null) return this.flyOn(now);
    if (this.glide === null) return false;
    const { steps, x, y, time } = this.glide;
    const done = Math.abs(steps) < 0.004 ? steps : steps * (1 - Math.exp(-Math.max(8, now - time) / GLIDE));
    this.zoomBy(done, x, y);
    this.glide = done === steps ? null : { steps: steps - done, x, y, time: now };
    return true;
  }

  flyOn(now) {
    const { from, to, start, milliseconds, hop } = this.flight;
    const t = Math.min(1, Math.max(0, (now - start) / milliseconds));
    const s = smoothstep(0, 1, t);
    this.zoom = clampZoom(from.zoom + (to.zoom - from.zoom) * s - hop * 4 * s * (1 - s));
    const way = hop > 0 ? s : wayOf(from.zoom, to.zoom, s);
    this.center = from.center.map((value, axis) => value + (to.center[axis] - value) * way);
    this.rotation = from.rotation.map((value, axis) => value + (to.rotation[axis] - value) * s);
    this.depth = from.depth + (to.depth - from.depth) * s;
    if (t === 1) this.set(to);
    return true;
  }
}

/** How far the centre has gone where zooming keeps one point of the screen in place. */
function wayOf(from, to, s) {
  const zoomed = to - from;
  if (Math.abs(zoomed) < 1e-3) return s;
  return (1 - 2 ** (-zoomed * s)) / (1 - 2 ** -zoomed);
}

function sinesOf([azimuth, elevation]) {
  return [Math.cos(azimuth), Math.sin(azimuth), Math.cos(elevation), Math.sin(elevation)];
}

function clampZoom(zoom) {
  return Math.max(LOWEST_ZOOM, Math.min(HIGHEST_ZOOM, zoom));
}
