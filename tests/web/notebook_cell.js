/** A notebook cell whose kernel is asked over HTTP: the model of anywidget, as far as the widget uses it. */
const source = await (await fetch("kernel/notebook.js")).text();
const { default: widget } = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));

class Model {
  #listeners = new Set();
  #values = { height: 600, theme: "light" };

  get(name) {
    return this.#values[name];
  }

  on(_, listener) {
    this.#listeners.add(listener);
  }

  off(_, listener) {
    this.#listeners.delete(listener);
  }

  async send({ number, path, body }) {
    const settings = body === null ? {} : { method: "POST", body: JSON.stringify(body) };
    const answer = await fetch(`kernel/${path}`, settings);
    const bytes = new DataView(await answer.arrayBuffer());
    const content = answer.ok
      ? { number, kind: answer.headers.get("content-type") }
      : { number, error: JSON.parse(new TextDecoder().decode(bytes)).error };
    for (const listener of this.#listeners) listener(content, answer.ok ? [bytes] : []);
  }
}

widget.render({ model: new Model(), el: document.getElementById("cell") });
