/** Which points a free-hand line encloses. */

const STRIPS = 256;

/**
 * A polygon of pixels that answers `has(x, y)`, by even and odd crossings. Its edges are sorted into strips of rows,
 * so that a point is held against a few of them only.
 */
export class Polygon {
  /** @param {[number, number][]} corners */
  constructor(corners) {
    const xs = corners.map(([x]) => x);
    const ys = corners.map(([, y]) => y);
    Object.assign(this, { x0: Math.min(...xs), x1: Math.max(...xs), y0: Math.min(...ys), y1: Math.max(...ys) });
    this.perRow = STRIPS / (this.y1 - this.y0 || 1);
    this.strips = Array.from({ length: STRIPS }, () => []);
    corners.forEach((corner, i) => this.addEdge(corner, corners[(i + 1) % corners.length]));
  }

  addEdge([ax, ay], [bx, by]) {
    if (ay === by) return;
    const last = this.strip(Math.max(ay, by));
    for (let s = this.strip(Math.min(ay, by)); s <= last; s++) this.strips[s].push(ax, ay, bx, by);
  }

  strip(y) {
    return Math.max(0, Math.min(STRIPS - 1, Math.floor((y - this.y0) * this.perRow)));
  }

  has(x, y) {
    if (!(x >= this.x0 && x <= this.x1 && y >= this.y0 && y <= this.y1)) return false;
    const edges = this.strips[this.strip(y)];
    let inside = false;
    for (let e = 0; e < edges.length; e += 4) {
      const [ay, by] = [edges[e + 1], edges[e + 3]];
      if (ay > y !== by > y && x < edges[e] + ((y - ay) * (edges[e + 2] - edges[e])) / (by - ay)) inside = !inside;
    }
    return inside;
  }
}

/** The line without steps under 2 pixels. */
export function thinned(corners) {
  const kept = [];
  for (const [x, y] of corners) {
    const last = kept[kept.length - 1];
    if (last === undefined || Math.hypot(x - last[0], y - last[1]) >= 2) kept.push([x, y]);
  }
  return kept;
}
