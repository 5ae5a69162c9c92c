/** Which points are found by a search and which are selected, as lists and as one byte a point. */

import { FOUND, SELECTED } from "./paint.js";

const NONE = new Uint32Array(0);

export class Marks {
  constructor(n) {
    Object.assign(this, { n, found: NONE, selected: NONE, ordered: false, bytes: null });
  }

  setFound(points, ordered) {
    Object.assign(this, { found: within(points, this.n), ordered });
    this.update();
  }

  setSelected(points) {
    this.selected = within(points, this.n);
    this.update();
  }

  /** `bytes` is null where nothing is marked. */
  update() {
    this.bytes = null;
    if (this.found.length + this.selected.length === 0) return;
    this.bytes = new Uint8Array(this.n);
    for (const point of this.selected) this.bytes[point] = SELECTED;
    for (const point of this.found) this.bytes[point] = FOUND;
  }

  get count() {
    return this.found.length + this.selected.length;
  }
}

function within(points, n) {
  return Uint32Array.from(points ?? NONE).filter((point) => point < n);
}
