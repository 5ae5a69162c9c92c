/** A Space as the page sees it; every part is asked for when it is first needed. */
import { DataError, imageUrl } from "./data.js";
import { KeyTable } from "./keys.js";
import { MapData, NONE } from "./map_data.js";
import { Memo } from "./memo.js";
import { VectorSearch } from "./vectors.js";

export const CHUNK = 1024; // rows in a file of records or neighbours
const CODES = { uint8: Uint8Array, uint16: Uint16Array };

export class SpaceData {
  #memo = new Memo();
  #chunks = new Memo(48);

  constructor(data, info, live) {
    this.data = data;
    this.info = info;
    this.id = info.id;
    this.live = live;
    this.folder = `data/${info.id}`;
    this.search = live ? info.search ?? ["key"] : [];
  }

  /** What a question to the server carries: of which Space it is, and which version the row numbers are of. */
  get stamp() {
    return { space: this.id, version: this.info.version };
  }

  /** The description of a column, or undefined. */
  describe(name) {
    return this.info.columns.find((column) => column.name === name);
  }

  keys() {
    return this.#memo.get("keys", async () => {
      const [offsets, bytes] = await Promise.all([
        this.data.bytes(`${this.folder}/keys.offsets.bin`, Uint32Array),
        this.data.bytes(`${this.folder}/keys.bin`, Uint8Array),
      ]);
      if (offsets.length !== this.info.count + 1) {
        throw new DataError("damaged", "The files of the keys have another length than the Space.");
      }
      return new KeyTable(offsets, bytes);
    });
  }

  /**
   * Values of a column.
   *
   * @returns {Promise<{kind: "number", values: Float32Array}|{kind: "category", codes, values: string[]}>}
   */
  column(name) {
    return this.#memo.get(`column ${name}`, async () => {
      const { kind, file, type, values } = this.describe(name);
      const Type = kind === "number" ? Float32Array : CODES[type];
      const numbers = await this.data.bytes(`${this.folder}/${file}`, Type);
      if (numbers.length !== this.info.count) {
        throw new DataError("damaged", `The column ${name} has ${numbers.length} values, not ${this.info.count}.`);
      }
      return kind === "number" ? { kind, values: numbers } : { kind, codes: numbers, values };
    });
  }

  /** Key and metadata of one row. */
  async record(row) {
    const chunk = Math.floor(row / CHUNK);
    const rows = await this.#chunks.get(`rows ${chunk}`, () => this.data.json(`${this.folder}/rows/${chunk}.json`));
    return rows[row % CHUNK] ?? { key: (await this.keys()).at(row) };
  }

  /** The true nearest neighbours of a row in the Space: [{row, score}], nearest first, or null if not known. */
  async neighbors(row, k = 15) {
    if (this.info.neighbors > 0) return this.#stored(row);
    if (this.live) return (await this.data.post("neighbors", { ...this.stamp, row, k, where: null })).hits;
    if (this.info.vectors) return (await this.vectors()).near(row, k);
    return null;
  }

  async #stored(row) {
    const k = this.info.neighbors;
    const chunk = Math.floor(row / CHUNK);
    const words = await this.#chunks.get(`neighbors ${chunk}`, () =>
      this.data.bytes(`${this.folder}/neighbors/${chunk}.bin`, Uint32Array),
    );
    const held = Math.min(CHUNK, this.info.count - chunk * CHUNK);
    if (words.length !== held * k * 2) throw new DataError("damaged", "A file of neighbours has another length.");
    const scores = new Float32Array(words.buffer, held * k * 4, held * k);
    const start = (row % CHUNK) * k;
    return Array.from({ length: k }, (_, at) => ({ row: words[start + at], score: scores[start + at] })).filter(
      (hit) => hit.row !== NONE,
    );
  }

  /** Search among all vectors, in the page. */
  vectors() {
    return this.#memo.get("vectors", async () => {
      const { count, dim, metric } = this.info;
      const buffer = (await this.data.bytes(`${this.folder}/vectors.bin`, Int8Array)).buffer;
      if (buffer.byteLength !== count * dim + count * 4) {
        throw new DataError("damaged", "The file of the vectors has another length than the Space.");
      }
      return new VectorSearch({ buffer, count, dim, metric });
    });
  }

  /** For each row the row of another Space with the same key; NONE where there is none. */
  links(other) {
    return this.#memo.get(`links ${other}`, () => this.data.bytes(`${this.folder}/links/${other}.bin`, Uint32Array));
  }

  report() {
    return this.#memo.get("report", () => this.data.json(`${this.folder}/report.json`));
  }

  map(name) {
    return this.#memo.get(`map ${name}`, () => {
      const listed = this.info.maps.find((map) => map.name === name);
      if (!listed) throw new DataError("missing", `There is no map ${name}.`, "Choose another one.");
      return MapData.open(this.data, this.mapFolder(name), listed, this.info.count);
    });
  }

  mapFolder(name) {
    return `${this.folder}/maps/${encodeURIComponent(name)}`;
  }

  /** The address of the picture of a row, or null. */
  async thumbnail(row) {
    return this.info.thumbnails ? imageUrl(this.data, `${this.folder}/thumbnails/${row}.jpg`) : null;
  }
}
