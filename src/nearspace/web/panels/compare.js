/** A second map beside the first: of the same Space, or of another with the same keys. Hover, choice and hits are shared. */
import { fill, h } from "../dom.js";
import { icon } from "../icons.js";
import { NONE } from "../map_data.js";
import { SpaceData } from "../space_data.js";
import { Stage } from "../stage.js";
import { nameOf } from "./display.js";

export class Comparison {
  constructor(ctx) {
    Object.assign(this, { ctx, stage: null, spaces: new Map([[ctx.space.id, ctx.space]]), turn: 0 });
    this.panel = h("div", { class: "compare-bar" });
    ctx.store.on(["compare"], () => this.follow(), ctx.signal);
    ctx.store.on(["pane", "results", "row", "selection"], () => this.makeRoom(), ctx.signal);
    ctx.main.addEventListener("map", () => this.stage ?? this.follow());
  }

  async follow() {
    const { compare } = this.ctx.store.state;
    const turn = ++this.turn;
    if (!compare) return this.close();
    const [id, name] = [Number(compare.split("/")[0]), compare.slice(compare.indexOf("/") + 1)];
    try {
      const space = await this.space(id);
      if (turn !== this.turn) return null;
      const map = space.info.maps.find((one) => one.name === name) ?? space.info.maps[0];
      this.open();
      this.choice(space, map?.name);
      if (!map) return this.stage.say(`${space.info.name} has no map.`, "empty");
      const links = id === this.ctx.space.id ? null : await this.links(space);
      if (turn !== this.turn) return null;
      await this.stage.show(space, map.name, links);
      this.stage.view?.resize();
    } catch (error) {
      this.ctx.store.set({ compare: null });
      this.ctx.notifyError(error, () => this.ctx.store.set({ compare }));
    }
    return null;
  }

  async space(id) {
    if (!this.spaces.has(id)) this.spaces.set(id, new SpaceData(this.ctx.data, await this.ctx.data.json(`data/${id}/space.json`), this.ctx.live));
    return this.spaces.get(id);
  }

  /** Rows there and back: `there` of each row here, `back` of each row there. */
  async links(space) {
    const there = await this.ctx.space.links(space.id);
    const back = new Uint32Array(space.info.count).fill(NONE);
    there.forEach((other, own) => {
      if (other !== NONE) back[other] = own;
    });
    return { there, back };
  }

  open() {
    const { ctx } = this;
    if (this.stage) return;
    this.stage = new Stage(ctx, { main: false });
    ctx.stages.push(this.stage);
    ctx.stageArea.append(this.stage.element);
    ctx.stageArea.classList.add("two");
    ctx.card.follow(this.stage);
    this.stage.addEventListener("pick", ({ detail }) => (detail.row < 0 ? null : ctx.actions.pick(detail)));
    this.stage.addEventListener("lasso", ({ detail }) => ctx.actions.gather(detail));
    this.stage.element.append(this.panel);
    this.makeRoom();
    this.refit();
  }

  /** Beside a comparison the panel of details covers nothing. */
  makeRoom() {
    const { shadow, stageArea } = this.ctx;
    stageArea.classList.toggle("beside", this.stage !== null && !shadow.querySelector(".side").hidden);
  }

  choice(space, name) {
    const { index, space: own, store } = this.ctx;
    const select = h("select", { "aria-label": "Map to compare with", on: { change: () => store.set({ compare: select.value }, "push") } });
    for (const { id, name: title } of index.spaces) {
      const linked = id === own.id || (own.info.spaces_linked ?? []).includes(id);
      if (!linked) continue;
      const maps = this.spaces.get(id)?.info.maps ?? [{ name: "", method: "" }];
      const group = h("optgroup", { label: title });
      for (const map of maps) group.append(h("option", { value: `${id}/${map.name}`, text: map.name ? nameOf(map) : "first map" }));
      select.append(group);
    }
    select.value = `${space.id}/${name}`;
    const close = h("button", { type: "button", class: "tool small", "aria-label": "Close comparison", on: { click: () => store.set({ compare: null }, "push") } }, icon("close", 14));
    fill(this.panel, h("div", { class: "select compare-choice" }, select, icon("chevron", 14)), close);
  }

  close() {
    const { ctx } = this;
    if (!this.stage) return null;
    ctx.stages.splice(ctx.stages.indexOf(this.stage), 1);
    this.stage.destroy();
    this.stage = null;
    ctx.stageArea.classList.remove("two");
    this.refit();
    return null;
  }

  /** The first map has another width now. */
  refit() {
    const { main } = this.ctx;
    main.view?.resize();
    if (main.view && main.map) main.frame(null, false);
  }
}
