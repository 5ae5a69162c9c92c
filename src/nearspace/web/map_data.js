/** A map of a Space: points, trust, regions. Points are numbers within the map, rows those of the Space. */
import { DataError } from "./data.js";
import { Memo } from "./memo.js";

export const NONE = 4294967295;

export class MapData {
  #files = new Memo();
  #points = null; // row -> point, made when first asked for

  constructor(data, folder, info, coordinates, rows) {
    const { count, dim } = info;
    this.data = data;
    this.folder = folder;
    this.info = info;
    this.n = count;
    this.dim = dim;
    [this.x, this.y, this.z] = [0, 1, 2].map((axis) =>
      axis < dim ? coordinates.subarray(axis * count, (axis + 1) * count) : null,
    );
    this.rows = rows;
  }

  /**
   * Read a map, all files of a first picture at once.
   *
   * @param {object} listed its entry in space.json
   * @param {number} count rows of the Space: if the map has as many, its points are most likely the rows
   */
  static async open(data, folder, listed, count) {
    const ask = (name, Type) => data.bytes(`${folder}/${name}`, Type);
    const trust = ask("trust.bin", Uint8Array);
    const early = listed.count === count ? null : ask("rows.bin", Uint32Array);
    for (const promise of [trust, early]) promise?.catch(() => null);
    const [info, coordinates] = await Promise.all([data.json(`${folder}/map.json`), ask("points.bin", Float32Array)]);
    const rows = info.all_rows ? null : await (early ?? ask("rows.bin", Uint32Array));
    if (coordinates.length !== info.count * info.dim || (rows && rows.length !== info.count)) {
      const message = `The map ${listed.name} has ${info.count} points and files of another length.`;
      throw new DataError("damaged", message, "Make the map again.");
    }
    const map = new MapData(data, folder, info, coordinates, rows);
    map.#files.get("trust.bin", () => trust);
    return map;
  }

  /** Whether it can be coloured so: by one colour, a level of regions, or a measure a point. */
  has(choice) {
    if (choice === "~none") return true;
    const { regions = [], trust = [] } = this.info;
    if (choice.startsWith("~region.")) return regions.some(({ level }) => level === Number(choice.slice(8)));
    return trust.includes(choice.slice(1));
  }

  rowOf(point) {
    return this.rows ? this.rows[point] : point;
  }

  /** The point of a row, or -1 where the map does not have it. */
  pointOf(row) {
    if (!this.rows) return row < this.n ? row : -1;
    if (!this.#points) this.#points = new Map(Array.from(this.rows, (of, point) => [of, point]));
    return this.#points.get(row) ?? -1;
  }

  /** Points of those rows that are on the map. */
  pointsOf(rows) {
    const points = [];
    for (const row of rows) {
      const point = this.pointOf(row);
      if (point >= 0) points.push(point);
    }
    return Uint32Array.from(points);
  }

  /** Whether a point has finite coordinates. */
  isDrawn(point) {
    return Number.isFinite(this.x[point]) && Number.isFinite(this.y[point]);
  }

  /** Values 0..255 of a measure a point, such as "trust". */
  measure(name) {
    return this.#bytes(`${name}.bin`, Uint8Array);
  }

  /** Number of the region of each point at a level; 65535 for none. */
  region(level) {
    return this.#bytes(`regions/${level}.bin`, Uint16Array);
  }

  async #bytes(name, Type) {
    const values = await this.#files.get(name, () => this.data.bytes(`${this.folder}/${name}`, Type));
    if (values.length === this.n) return values;
    const message = `${name} of the map ${this.info.name} has ${values.length} values, not ${this.n}.`;
    throw new DataError("damaged", message, "Make the map again.");
  }

  /** The place of other points among all, by distance on the map from one: 1 is the nearest, NaN is nowhere. */
  ranks(point, others) {
    const distance = this.#distances(point);
    const asked = Array.from(others, (other) => distance(other));
    const order = asked.map((_, at) => at).sort((a, b) => asked[a] - asked[b]);
    const nearer = new Float64Array(others.length);
    for (let at = 0; at < this.n; at++) {
      if (at === point) continue;
      const own = distance(at);
      for (let place = order.length - 1; place >= 0 && own < asked[order[place]]; place--) nearer[order[place]]++;
    }
    return asked.map((own, at) => (Number.isFinite(own) ? nearer[at] + 1 : NaN));
  }

  #distances(point) {
    const { x, y, z } = this;
    if (!z) return (other) => (x[other] - x[point]) ** 2 + (y[other] - y[point]) ** 2;
    return (other) => (x[other] - x[point]) ** 2 + (y[other] - y[point]) ** 2 + (z[other] - z[point]) ** 2;
  }
}
