/** The one data interface of the page: the paths of docs/page-data.md, from a server or a folder of files. */

/** Something that could not be had, in words for people. */
export class DataError extends Error {
  /**
   * @param {"network"|"missing"|"damaged"|"refused"|string} kind
   * @param {string} message what, of whom
   * @param {string} [hint] what to do
   */
  constructor(kind, message, hint = "", status = 0) {
    super(message);
    this.kind = kind;
    this.hint = hint;
    this.status = status;
  }
}

/**
 * Data over HTTP; all addresses are relative to `base`.
 *
 * @param {string} [base] address of the folder that holds data/
 */
export function httpData(base = "./") {
  const url = (path) => new URL(path, new URL(base, document.baseURI)).href;
  return {
    url,
    json: async (path) => asJson(await ask(url(path), path), path),
    bytes: async (path, Type = Uint8Array) => asArray(await body(await ask(url(path), path), path), Type, path),
    post: async (path, content) => answer(await ask(url(path), path, posting(content)), path),
  };
}

async function ask(address, path, settings = {}) {
  let response;
  try {
    response = await fetch(address, { credentials: "same-origin", ...settings });
  } catch {
    throw new DataError("network", "The server does not answer.", "Is it still running? Then try again.");
  }
  if (!response.ok) throw await refusal(response, path);
  return response;
}

function posting(content) {
  if (content instanceof Blob) {
    return { method: "POST", body: content, headers: { "Content-Type": content.type } };
  }
  return { method: "POST", body: JSON.stringify(content), headers: { "Content-Type": "application/json" } };
}

async function refusal(response, path) {
  try {
    const { error } = await response.json();
    return new DataError(error.kind, error.message, error.hint, response.status);
  } catch {
    const missing = response.status === 404;
    const message = missing ? `${path} is not there.` : `The server answered ${response.status} for ${path}.`;
    return new DataError(missing ? "missing" : "refused", message, "", response.status);
  }
}

async function body(response, path) {
  try {
    return await response.arrayBuffer();
  } catch {
    throw new DataError("network", `${path} broke off on the way.`, "Try again.");
  }
}

async function asJson(response, path) {
  const text = new TextDecoder().decode(await body(response, path));
  try {
    return JSON.parse(text);
  } catch {
    throw new DataError("damaged", `${path} is not valid JSON.`, "Export or serve the Space again.");
  }
}

/** Bytes as an array of numbers; every machine that runs browsers is little-endian. */
export function asArray(buffer, Type, path) {
  if (buffer.byteLength % Type.BYTES_PER_ELEMENT) {
    throw new DataError("damaged", `${path} is cut off.`, "Export or serve the Space again.");
  }
  return new Type(buffer);
}

async function answer(response, path) {
  const type = response.headers.get("content-type") ?? "";
  if (type.includes("json")) return asJson(response, path);
  return body(response, path);
}

/** The address of an image, for data that comes over HTTP or in any other way. */
export async function imageUrl(data, path) {
  if (data.url) return data.url(path);
  return URL.createObjectURL(new Blob([await data.bytes(path, Uint8Array)], { type: "image/jpeg" }));
}
