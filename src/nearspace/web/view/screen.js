/**
 * The kept points as they lie on the screen: which, where, near what. One set of questions for the flat view, answered
 * from the index, and the turned one, answered from projected points.
 */

import { Density } from "./density.js";
import { Projected } from "./projected.js";

const AHEAD = 8; // pixels beyond the edge where points still show

export class Screen {
  constructor(camera) {
    this.camera = camera;
    this.index = null;
    this.projected = new Projected();
    this.density = new Density();
    this.stride = 1; // one of so many points counts, in coarse pictures
    this.counted = null;
  }

  setIndex(index) {
    this.index = index;
  }

  /** A text that differs where the view does. */
  key() {
    const { center, zoom, rotation, depth, width, height } = this.camera;
    return [...center, zoom, ...rotation, depth, width, height].join();
  }

  get solid() {
    return !this.camera.flat;
  }

  /** How many kept points are on the screen or close to its edge; in the flat view at most a cell too many. */
  count() {
    if (this.index === null) return 0;
    if (this.solid) return this.turned(this.stride).seen;
    return this.index.countIn(...this.rectangle(AHEAD));
  }

  /** All points projected, or at least one of `stride`. */
  turned(stride = 1) {
    const key = this.key();
    const { projected, index } = this;
    if (projected.key !== key || projected.order !== index.order || projected.stride > stride) {
      projected.update(index, this.camera, stride);
      Object.assign(projected, { key, order: index.order });
    }
    return projected;
  }

  /** Do now what the next question about places needs. */
  prepare() {
    if (this.index !== null && this.solid) this.turned().around(0, 0, 0, () => {});
  }

  /** [x0, x1, y0, y1] of the data that the flat view shows. */
  rectangle(margin, x0 = 0, y0 = 0, x1 = this.camera.width, y1 = this.camera.height) {
    const [left, top] = this.camera.under(x0 - margin, y0 - margin);
    const [right, bottom] = this.camera.under(x1 + margin, y1 + margin);
    return [left, right, bottom, top];
  }

  /** The density in bins of `size` pixels (Density.start tells what `spread` is). */
  densityOf(paint, { size, spread, dark }) {
    const { density, camera, stride } = this;
    const counted = [paint, this.key(), size, stride, dark];
    if (this.counted?.every((value, i) => value === counted[i])) return density;
    this.counted = counted;
    density.start(camera.width, camera.height, size, spread, stride);
    if (this.solid) density.addProjected(this.turned(stride), paint);
    else density.addFlat(this.index, paint, camera);
    density.finish(dark);
    return density;
  }

  /**
   * Call `visit(i, x, y, share)` for each kept point, by its place in the index, in the rectangle of pixels (the
   * screen, if none).
   */
  each(visit, x0 = -AHEAD, y0 = -AHEAD, x1 = this.camera.width + AHEAD, y1 = this.camera.height + AHEAD) {
    if (this.index === null) return;
    if (this.solid) return this.eachTurned(visit, x0, y0, x1, y1);
    const { x, y } = this.index;
    const { k, halfW, halfH, center } = this.camera.numbers();
    const [bx, by] = [halfW - center[0] * k, halfH + center[1] * k];
    this.index.runs(...this.rectangle(0, x0, y0, x1, y1), (start, end) => {
      for (let i = start; i < end; i++) {
        const sx = x[i] * k + bx;
        const sy = by - y[i] * k;
        if (sx >= x0 && sy >= y0 && sx <= x1 && sy <= y1) visit(i, sx, sy, 1);
      }
    });
  }

  eachTurned(visit, x0, y0, x1, y1) {
    const { px, py, weight, count } = this.turned();
    for (let i = 0; i < count; i++) {
      if (px[i] >= x0 && py[i] >= y0 && px[i] <= x1 && py[i] <= y1) visit(i, px[i], py[i], weight[i]);
    }
  }

  /**
   * The place in the index of the point nearest to a pixel, -1 if none is within `radius`; `preferred(i)` points win
   * near ones.
   */
  nearest(sx, sy, radius, preferred = () => false) {
    let [best, least] = [-1, radius];
    const judge = (i, x, y) => {
      const away = Math.hypot(x - sx, y - sy);
      if (away > radius) return;
      const cost = preferred(i) ? away - radius : away;
      if (cost < least || (cost === least && best === -1)) [best, least] = [i, cost];
    };
    if (this.index === null) return -1;
    if (!this.solid) this.each(judge, sx - radius, sy - radius, sx + radius, sy + radius);
    else {
      const { px, py } = this.turned();
      this.projected.around(sx, sy, radius, (items, start, end) => {
        for (let j = start; j < end; j++) judge(items[j], px[items[j]], py[items[j]]);
      });
    }
    return best;
  }

  /** Point numbers inside a Polygon, in order. */
  inside(polygon) {
    const { order, n } = this.index;
    const marked = new Uint8Array(n);
    let count = 0;
    const judge = (i, x, y) => {
      if (!polygon.has(x, y)) return;
      marked[order[i]] = 1;
      count++;
    };
    this.each(judge, polygon.x0, polygon.y0, polygon.x1, polygon.y1);
    const points = new Uint32Array(count);
    for (let point = 0, at = 0; at < count; point++) if (marked[point] === 1) points[at++] = point;
    return points;
  }

  /** At most `limit` points on the screen, one a cell of a grid first, those of larger `worth(point)` before others. */
  spread(limit, worth) {
    const [columns, rows] = [Math.ceil(this.camera.width / 110), Math.ceil(this.camera.height / 26)];
    const best = new Map();
    const others = [];
    this.each(
      (i, x, y) => {
        const point = this.index.order[i];
        const cell = Math.min(rows - 1, Math.floor(y / 26)) * columns + Math.min(columns - 1, Math.floor(x / 110));
        const held = best.get(cell);
        if (held === undefined) best.set(cell, point);
        else if (worth(point) > worth(held)) {
          best.set(cell, point);
          if (others.length < limit) others.push(held);
        } else if (others.length < limit) others.push(point);
      },
      0,
      0,
      this.camera.width,
      this.camera.height,
    );
    const first = [...best.values()].sort((a, b) => worth(b) - worth(a) || a - b);
    return Uint32Array.from([...first, ...others].slice(0, limit));
  }
}
