/** A worker that keeps the vectors of a Space: {number, open} or {number, ask} in, {number, hits} out. */
import { answer, table } from "./vector_math.js";

let vectors = null;

self.onmessage = ({ data: { number, open, ask } }) => {
  try {
    if (open) vectors = table(open);
    self.postMessage({ number, hits: ask ? answer(vectors, ask) : [] });
  } catch (error) {
    self.postMessage({ number, error: error.message });
  }
};
