/** Which points are found by a search and which are selected, as lists and as one byte a point. */

import { FOUND, SELECTED } from "./paint.js";

const NONE = new Uint32Array(0);
export const MOST_MARKED = 20000; // marked points that are drawn one by one, over a picture of the others

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

  /** The bytes that the picture of all points is painted by: those of more marks than are drawn one by one. */
  get painted() {
    return this.count > MOST_MARKED ? this.bytes : null;
  }

  /** Whether the picture of all points is dimmed as a whole, with the marked ones over it. */
  get veiled() {
    return this.bytes !== null && this.count <= MOST_MARKED;
  }

  get count() {
    return this.found.length + this.selected.length;
  }
}

function within(points, n) {
  return Uint32Array.from(points ?? NONE).filter((point) => point < n);
}
