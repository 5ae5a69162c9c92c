/** The kept points on the screen where each must be turned: in 3-D, and on the way there. */

const CELL = 16; // pixels
const FAINTEST = 0.3; // of what is farthest away

export class Projected {
  constructor() {
    Object.assign(this, { px: new Float32Array(0), py: this.px, near: this.px, weight: this.px, grid: null });
  }

  /**
   * Project all points of the index, or one of `stride`; `seen` is how many are on the screen. A point behind the eye,
   * or off the screen, has px NaN.
   */
  update(index, camera, stride) {
    const { count } = index;
    if (this.px.length < count) for (const name of ["px", "py", "near", "weight"]) this[name] = new Float32Array(count);
    this.count = count;
    this.grid = null;
    this.size = [camera.width, camera.height];
    this.stride = stride;
    this.seen = stride * project(this, index, index.z ?? zeros(this, count), camera.numbers(), this.size);
  }

  /** Runs of points that may lie within `radius` of a pixel: numbers in `items`. */
  around(sx, sy, radius, run) {
    const grid = (this.grid ??= gridOf(this));
    const [x0, x1] = [sx - radius, sx + radius].map((x) => clampCell(x, grid.columns));
    const [y0, y1] = [sy - radius, sy + radius].map((y) => clampCell(y, grid.rows));
    for (let row = y0; row <= y1; row++) {
      run(grid.items, grid.starts[row * grid.columns + x0], grid.starts[row * grid.columns + x1 + 1]);
    }
  }
}

function zeros(owner, count) {
  if (!owner.zeros || owner.zeros.length < count) owner.zeros = new Float32Array(count);
  return owner.zeros;
}

function project(out, index, z, numbers, [width, height]) {
  const { ca, sa, ce, se, k, eye, fog, depth, halfW, halfH, center } = numbers;
  const { x, y, count } = index;
  const [cx, cy, cz] = center;
  const { px, py, near, weight, stride } = out;
  const limit = 0.9 * eye;
  const [nearer, fading] = [0.5 / (fog || 1), (1 - FAINTEST) * depth];
  let seen = 0;
  for (let i = 0; i < count; i += stride) {
    const dx = x[i] - cx;
    const dy = y[i] - cy;
    const dz = (z[i] - cz) * depth;
    const turned = ca * dz - sa * dx;
    const towards = (se * dy + ce * turned) * k;
    const p = 1 / (1 - (depth * towards) / eye);
    const sx = halfW + (ca * dx + sa * dz) * k * p;
    const sy = halfH - (ce * dy - se * turned) * k * p;
    if (towards * depth <= limit && sx >= -8 && sy >= -8 && sx < width + 8 && sy < height + 8) {
      px[i] = sx;
      py[i] = sy;
      near[i] = towards;
      const share = 0.5 + towards * nearer;
      weight[i] = 1 - fading * (1 - (share < 0 ? 0 : share > 1 ? 1 : share));
      seen++;
    } else px[i] = NaN;
  }
  return seen;
}

function clampCell(v, cells) {
  return Math.max(0, Math.min(cells - 1, Math.floor(v / CELL)));
}

function gridOf({ px, py, count, size }) {
  const [columns, rows] = size.map((pixels) => Math.max(1, Math.ceil(pixels / CELL)));
  const starts = new Uint32Array(columns * rows + 1);
  const cells = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    cells[i] = px[i] === px[i] ? clampCell(py[i], rows) * columns + clampCell(px[i], columns) : -1;
    if (cells[i] >= 0) starts[cells[i] + 1]++;
  }
  for (let c = 0; c < columns * rows; c++) starts[c + 1] += starts[c];
  const next = starts.slice();
  const items = new Uint32Array(starts[columns * rows]);
  for (let i = 0; i < count; i++) if (cells[i] >= 0) items[next[cells[i]]++] = i;
  return { columns, rows, starts, items };
}
