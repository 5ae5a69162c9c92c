/** The page in a notebook: anywidget's module. Modules and data come as messages of the kernel, by the paths of the page. */

const IMPORT = /(\bfrom\s*|\bimport\s*\(?\s*)(["'])(\.{1,2}\/[^"']+)\2/g;
const STYLES = /@import\s+(?:url\()?["']\.?\/?([^"']+)["']\)?[^;]*;/g;

/** Questions to the kernel that wait for their answers. */
class Kernel {
  #number = 0;
  #waiting = new Map();
  #model;

  constructor(model) {
    this.#model = model;
    model.on("msg:custom", this.#settle);
  }

  /** Ask for a path, or with a body as a POST; gives the bytes. */
  ask(path, body = null) {
    this.#number += 1;
    const number = this.#number;
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
      this.#model.send({ number, path, body });
    });
  }

  #settle = ({ number, error, kind }, buffers = []) => {
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    if (error) waiting?.reject(Object.assign(new Error(error.message), error));
    else waiting?.resolve({ kind, bytes: copied(buffers[0]) });
  };

  close() {
    this.#model.off("msg:custom", this.#settle);
    for (const { reject } of this.#waiting.values()) reject(new Error("The view was closed."));
  }
}

function copied(view) {
  if (!view) return new ArrayBuffer(0);
  return view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
}

/** Modules as blobs: what each imports is loaded first, and its imports point there. */
class Modules {
  #kernel;
  #addresses = new Map();

  constructor(kernel) {
    this.#kernel = kernel;
  }

  async text(path) {
    return new TextDecoder().decode((await this.#kernel.ask(path)).bytes);
  }

  address(path) {
    if (!this.#addresses.has(path)) this.#addresses.set(path, this.#load(path));
    return this.#addresses.get(path);
  }

  async #load(path) {
    const source = await this.text(path);
    const wanted = [...new Set([...source.matchAll(IMPORT)].map((found) => found[3]))];
    const places = new Map(
      await Promise.all(wanted.map(async (name) => [name, await this.address(resolved(path, name))])),
    );
    const linked = source.replace(IMPORT, (_, head, quote, name) => `${head}${quote}${places.get(name)}${quote}`);
    return URL.createObjectURL(new Blob([linked], { type: "text/javascript" }));
  }

  /** The text of a style sheet and of those that it imports. */
  async styles(path) {
    const text = await this.text(path);
    const inner = await Promise.all([...text.matchAll(STYLES)].map((found) => this.styles(found[1])));
    return [...inner, text.replace(STYLES, "")].join("\n");
  }

  async close() {
    for (const address of await Promise.allSettled(this.#addresses.values())) {
      if (address.value) URL.revokeObjectURL(address.value);
    }
  }
}

function resolved(from, name) {
  return new URL(name, new URL(from, "http://page/")).pathname.slice(1);
}

function dataOf(kernel) {
  return {
    json: async (path) => JSON.parse(new TextDecoder().decode((await kernel.ask(path)).bytes)),
    bytes: async (path, Type = Uint8Array) => new Type((await kernel.ask(path)).bytes),
    post: async (path, body) => {
      const { kind, bytes } = await kernel.ask(path, body);
      return kind.includes("json") ? JSON.parse(new TextDecoder().decode(bytes)) : bytes;
    },
  };
}

async function render({ model, el }) {
  const kernel = new Kernel(model);
  const modules = new Modules(kernel);
  el.style.height = `${model.get("height")}px`;
  const home = document.createElement("div");
  home.style.height = "100%";
  el.append(home);
  let app = null;
  try {
    const [address, styles] = await Promise.all([modules.address("app.js"), modules.styles("app.css")]);
    const { mount } = await import(address);
    app = await mount(home, { data: dataOf(kernel), theme: model.get("theme"), styles });
  } catch (error) {
    home.textContent = `The view cannot be shown: ${error.message}`;
  }
  return () => {
    app?.destroy?.();
    kernel.close();
    modules.close();
  };
}

export default { render };
