/** A search: by the server where there is one, else in the page from keys, neighbours and vectors. */
import { terms } from "./expression.js";

/**
 * @typedef {{row: number, key: string, score: number|null}} Hit
 * @typedef {{query: string, how: string, hits: Hit[], asked: number[], note: string}} Results
 *   asked: rows that the query names; note: what a reader should know
 */

/** Answer a query. @returns {Promise<Results>} */
export async function search(space, query, { k = 50, where = null } = {}) {
  const found = space.live ? await ask(space, query, k, where) : await searchHere(space, query, k);
  return { query, note: "", asked: [], ...found };
}

/** Answer a picture (live only). @returns {Promise<Results>} */
export async function searchImage(space, file, k = 50) {
  const answer = await space.data.post(`search?space=${space.id}&k=${k}`, file);
  return { query: file.name || "picture", how: "image", hits: answer.hits, asked: [], note: "" };
}

async function ask(space, query, k, where) {
  const [answer, keys] = await Promise.all([
    space.data.post("search", { ...space.stamp, query, k, where: where || null }),
    space.keys(),
  ]);
  const named = ["key", "analogy"].includes(answer.how) ? terms(query) : [];
  const asked = named.map((term) => keys.like(term.text)).filter((row) => row >= 0);
  return { how: answer.how, hits: answer.hits, asked };
}

async function searchHere(space, query, k) {
  const keys = await space.keys();
  const whole = keys.like(query.trim());
  if (whole >= 0) return nearKey(space, keys, whole, k);
  const parts = terms(query);
  if (parts.length > 1) return arithmetic(space, keys, parts, k);
  const rows = keys.find(query.trim(), k);
  return { how: "match", hits: rows.map((row) => ({ row, key: keys.at(row), score: null })) };
}

async function nearKey(space, keys, row, k) {
  const hits = space.info.vectors ? await (await space.vectors()).near(row, k) : await space.neighbors(row, k);
  if (hits) return { how: "key", hits: named(keys, hits), asked: [row] };
  const note = "This folder was exported without neighbours, so only the key itself is shown.";
  return { how: "match", hits: [{ row, key: keys.at(row), score: null }], asked: [row], note };
}

async function arithmetic(space, keys, parts, k) {
  const found = parts.map((term) => ({ sign: term.sign, row: keys.like(term.text), text: term.text }));
  const unknown = found.filter((term) => term.row < 0).map((term) => term.text);
  if (unknown.length) return { how: "analogy", hits: [], note: `No key of this Space: ${unknown.join(", ")}.` };
  const asked = found.map((term) => term.row);
  if (!space.info.vectors) {
    const note = "Vector arithmetic needs the vectors, which this folder was exported without.";
    return { how: "analogy", hits: asked.map((row) => ({ row, key: keys.at(row), score: null })), asked, note };
  }
  const hits = await (await space.vectors()).combine(found, k);
  return { how: "analogy", hits: named(keys, hits), asked };
}

function named(keys, hits) {
  return hits.map(({ row, score }) => ({ row, score, key: keys.at(row) }));
}

/** How a search was answered, in words. */
export const HOW = {
  key: "nearest to this key",
  analogy: "nearest to this sum of vectors",
  text: "texts with these words",
  encoded: "nearest to this text",
  image: "nearest to this picture",
  match: "keys that contain this",
};
