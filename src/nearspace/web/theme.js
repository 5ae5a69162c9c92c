/** Light or dark: the system's, or what was chosen on this machine. */

const PLACE = "nearspace.theme";

export class Theme extends EventTarget {
  constructor(root, wanted, signal) {
    super();
    this.root = root;
    this.media = matchMedia("(prefers-color-scheme: dark)");
    this.media.addEventListener("change", () => this.apply(), { signal });
    this.wanted = wanted ?? remembered() ?? "system";
    this.apply();
  }

  /** "light" or "dark". */
  get name() {
    if (this.wanted === "system") return this.media.matches ? "dark" : "light";
    return this.wanted;
  }

  choose(wanted) {
    this.wanted = wanted;
    try {
      localStorage.setItem(PLACE, wanted);
    } catch {
      // a page that may not keep anything forgets the choice
    }
    this.apply();
  }

  toggle() {
    this.choose(this.name === "dark" ? "light" : "dark");
  }

  apply() {
    if (this.root.dataset.theme === this.name) return;
    this.root.dataset.theme = this.name;
    this.dispatchEvent(new CustomEvent("change", { detail: this.name }));
  }
}

function remembered() {
  try {
    const kept = localStorage.getItem(PLACE);
    return ["light", "dark"].includes(kept) ? kept : null;
  } catch {
    return null;
  }
}
