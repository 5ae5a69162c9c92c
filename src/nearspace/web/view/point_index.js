/**
 * The points in the order of a uniform grid over (x, y), so that what is on screen lies in a few runs of memory.
 *
 * Cells are filled by a counting sort. Cells at the border take what lies beyond it, hence a stray point at 1e30 costs
 * nothing. A filter keeps the order: `keep` copies what passes, in one sequential pass.
 */

const POINTS_PER_CELL = 8;
const MOST_CELLS = 1024; // per side
const SAMPLE = 20000;
const FAR = 3;
const VIEW_SAMPLE = 4000;

export class PointIndex {
  /** @param {{n: number, x: Float32Array, y: Float32Array, z: Float32Array|null}} points */
  constructor({ n, x, y, z }) {
    this.n = n;
    this.source = { x, y, z };
    this.box = boxOf([x, y, z ?? new Float32Array(0)], n);
    this.side = Math.max(1, Math.min(MOST_CELLS, Math.round(Math.sqrt(n / POINTS_PER_CELL))));
    const [[x0, x1], [y0, y1]] = this.box;
    this.perX = this.side / (x1 - x0 || 1);
    this.perY = this.side / (y1 - y0 || 1);
    this.sort();
    this.keep(null);
  }

  sort() {
    const { n, side } = this;
    const cells = new Int32Array(n);
    const starts = new Uint32Array(side * side + 1);
    this.cellsOf(cells, starts);
    for (let c = 0; c < side * side; c++) starts[c + 1] += starts[c];
    this.allStarts = starts.slice();
    this.allOrder = new Uint32Array(starts[side * side]);
    for (let i = 0; i < n; i++) if (cells[i] >= 0) this.allOrder[starts[cells[i]]++] = i;
  }

  /** The cell of each point, -1 for a point that is nowhere; counts[c + 1] is the number in cell c. */
  cellsOf(cells, counts) {
    const { n, side, perX, perY } = this;
    const { x, y, z } = this.source;
    const [[x0], [y0]] = this.box;
    const last = side - 1;
    for (let i = 0; i < n; i++) {
      let column = (x[i] - x0) * perX;
      let row = (y[i] - y0) * perY;
      if (!(column - column === 0 && row - row === 0) || (z !== null && !(z[i] - z[i] === 0))) {
        cells[i] = -1;
        continue;
      }
      column = column < 0 ? 0 : column > last ? last : column | 0;
      row = row < 0 ? 0 : row > last ? last : row | 0;
      cells[i] = row * side + column;
      counts[cells[i] + 1]++;
    }
  }

  /**
   * Keep the points where `mask` is 1 (all, if null); their coordinates then lie in `x`, `y`, `z`, their numbers in
   * `order`.
   */
  keep(mask) {
    const { allOrder, allStarts } = this;
    const cells = allStarts.length - 1;
    this.starts = mask === null ? allStarts : new Uint32Array(cells + 1);
    this.order = mask === null ? allOrder : new Uint32Array(allOrder.length);
    if (mask !== null) {
      let kept = 0;
      for (let c = 0; c < cells; c++) {
        for (let i = allStarts[c]; i < allStarts[c + 1]; i++)
          if (mask[allOrder[i]] !== 0) this.order[kept++] = allOrder[i];
        this.starts[c + 1] = kept;
      }
      this.order = this.order.slice(0, kept);
    }
    this.count = this.order.length;
    this.x = gathered(this.source.x, this.order);
    this.y = gathered(this.source.y, this.order);
    this.z = this.source.z === null ? null : gathered(this.source.z, this.order);
  }

  /** x, y, z, x, y, z, ... of some points of the box, all if they are few. */
  sample() {
    const { x, y, z } = this.source;
    const step = Math.max(1, Math.floor(this.n / VIEW_SAMPLE));
    const out = [];
    for (let i = 0; i < this.n; i += step) {
      const at = [x[i], y[i], z === null ? 0 : z[i]];
      if (at.every((value, axis) => value >= this.box[axis][0] && value <= this.box[axis][1])) out.push(...at);
    }
    return out;
  }

  /** Call `run(start, end)` for each run of kept points in the cells that touch the rectangle. */
  runs(x0, x1, y0, y1, run) {
    const { side, starts } = this;
    const [left, right] = [this.column(x0), this.column(x1)];
    const [bottom, top] = [this.row(y0), this.row(y1)];
    for (let row = bottom; row <= top; row++) {
      const start = starts[row * side + left];
      const end = starts[row * side + right + 1];
      if (end > start) run(start, end);
    }
  }

  /** How many kept points are in the cells that touch the rectangle. */
  countIn(x0, x1, y0, y1) {
    let count = 0;
    this.runs(x0, x1, y0, y1, (start, end) => (count += end - start));
    return count;
  }

  column(x) {
    return Math.max(0, Math.min(this.side - 1, Math.floor((x - this.box[0][0]) * this.perX)));
  }

  row(y) {
    return Math.max(0, Math.min(this.side - 1, Math.floor((y - this.box[1][0]) * this.perY)));
  }
}

function gathered(values, order) {
  const out = new Float32Array(order.length);
  for (let i = 0; i < out.length; i++) out[i] = values[order[i]];
  return out;
}

/**
 * [[low, high]] of x, y and z: of all finite values but those that are FAR times the width of 98 of 100 outside these.
 */
function boxOf(axes, n) {
  const samples = sample(axes, n);
  return axes.map((values, axis) => {
    if (values.length === 0) return [0, 0];
    const sorted = samples[axis].sort();
    const cut = Math.ceil((sorted.length - 9) * 0.01);
    if (cut <= 0) return range(values, n, -Infinity, Infinity);
    const [inner, outer] = [sorted[cut], sorted[sorted.length - 1 - cut]];
    const margin = FAR * (outer - inner) || Infinity;
    return range(values, n, inner - margin, outer + margin);
  });
}

/** [least, largest] of the finite values from `from` to `to`. */
function range(values, n, from, to) {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < n; i++) {
    const v = values[i];
    if (v < low && v >= from && v !== -Infinity) low = v;
    if (v > high && v <= to && v !== Infinity) high = v;
  }
  return low > high ? [0, 0] : [low, high];
}

function sample(axes, n) {
  const step = Math.max(1, Math.floor(n / SAMPLE));
  return axes.map((values) => {
    const out = [];
    for (let i = 0; i < n && values.length > 0; i += step) if (Number.isFinite(values[i])) out.push(values[i]);
    return Float64Array.from(out);
  });
}
