/** Nearest vectors among int8 codes, exactly by the codes. Runs in a worker, or in the page where it may not. */

/**
 * The codes of a Space: row i is `scales[i] * codes[i]`.
 *
 * @param {ArrayBuffer} buffer int8 (count, dim), then float32 (count)
 */
export function table({ buffer, count, dim, metric }) {
  const codes = new Int8Array(buffer, 0, count * dim);
  const scales = new Float32Array(buffer.slice(count * dim));
  return { codes, scales, count, dim, metric, norms: norms(codes, scales, count, dim) };
}

function norms(codes, scales, count, dim) {
  const lengths = new Float32Array(count);
  for (let row = 0, at = 0; row < count; row++) {
    let sum = 0;
    for (let end = at + dim; at < end; at++) sum += codes[at] * codes[at];
    lengths[row] = Math.sqrt(sum) * scales[row];
  }
  return lengths;
}

/** The vector of one row. */
function vectorOf({ codes, scales, dim }, row) {
  return Float32Array.from(codes.subarray(row * dim, (row + 1) * dim), (code) => code * scales[row]);
}

/** The sum of vectors of length 1, each times its sign: what "king - man + woman" asks for. */
function combined(vectors, terms) {
  const sum = new Float32Array(vectors.dim);
  for (const { row, sign } of terms) {
    const length = vectors.norms[row] || 1;
    vectorOf(vectors, row).forEach((value, at) => {
      sum[at] += (sign * value) / length;
    });
  }
  return sum;
}

/**
 * The k nearest rows of a vector by the metric of the Space, nearest first, ties by row.
 *
 * @param {Float32Array} query
 * @param {number[]} [without] rows that are no answer
 * @returns {{row: number, score: number}[]} score: cosine, dot product or minus the distance
 */
function nearest(vectors, query, k, without = []) {
  const { codes, count, dim } = vectors;
  const measure = scoring(vectors, query);
  const barred = new Set(without);
  const best = [];
  for (let row = 0, at = 0; row < count; row++, at += dim) {
    let dot = 0;
    for (let axis = 0; axis < dim; axis++) dot += query[axis] * codes[at + axis];
    const score = measure(row, dot);
    if (best.length === k && score <= best[k - 1].score) continue;
    if (!barred.has(row) && !Number.isNaN(score)) insert(best, { row, score }, k);
  }
  return best;
}

function insert(best, hit, k) {
  let place = best.length;
  while (place > 0 && best[place - 1].score < hit.score) place--;
  best.splice(place, 0, hit);
  if (best.length > k) best.pop();
}

/** The function that turns the product with the codes of a row into a score. */
function scoring({ scales, norms: lengths, metric }, query) {
  const length = Math.hypot(...query);
  if (metric === "dot") return (row, dot) => dot * scales[row];
  if (metric === "euclidean") {
    return (row, dot) => -Math.sqrt(Math.max(0, length ** 2 + lengths[row] ** 2 - 2 * dot * scales[row]));
  }
  return (row, dot) => (lengths[row] && length ? (dot * scales[row]) / (lengths[row] * length) : NaN);
}

/** What a search asks for: the rows nearest to one row, or to a sum of several, without these. */
export function answer(vectors, { terms, k }) {
  const rows = terms.map((term) => term.row);
  const query = rows.length === 1 ? vectorOf(vectors, rows[0]) : combined(vectors, terms);
  return nearest(vectors, query, k, rows);
}
