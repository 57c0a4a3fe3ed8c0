// The search in the transcript, and how places in it are marked and brought into
// view.
const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
export const bring = (element, block) => element?.scrollIntoView({ block, behavior: calm() ? "auto" : "smooth" });

export const mark = (name, ranges) => {
  if (!globalThis.CSS?.highlights) return;
  if (ranges.length) CSS.highlights.set(name, new Highlight(...ranges)); else CSS.highlights.delete(name);
};

// most is how many matches are marked: the browser slows down with more.
const most = 2000;

// Search finds text in the transcript, whatever the case and the accents.
export class Search {
  constructor(script, signal) {
    Object.assign(this, { script, found: [], at: -1 });
    this.field = document.getElementById("seek");
    this.hits = document.getElementById("hits");
    this.steps = [document.getElementById("prev"), document.getElementById("next")];
    const on = (target, type, f) => target.addEventListener(type, f, { signal });
    let typing;
    on(this.field, "input", () => { clearTimeout(typing); typing = setTimeout(() => this.find(), 120); });
    on(this.field, "keydown", (e) => {
      if (e.key === "Escape") this.field.value = "";
      else if (e.key !== "Enter") return;
      e.preventDefault();
      clearTimeout(typing);
      if (e.key === "Enter" && this.sought === this.field.value) this.go(e.shiftKey ? -1 : 1); else this.find();
    });
    on(this.steps[0], "click", () => this.go(-1));
    on(this.steps[1], "click", () => this.go(1));
    // After the page changed what was sought is marked again, and nothing moves.
    if (this.field.value) this.find(true);
  }
  // plain drops accents, one character for one, so that places stay.
  static plain(text) {
    return Array.from(text, (c) => { const p = c.normalize("NFD")[0].toLowerCase(); return p.length === c.length ? p : c; }).join("");
  }
  find(stay) {
    this.sought = this.field.value;
    const want = Search.plain(this.sought.trim());
    this.text ??= this.script.elements.map((e) => Search.plain(e.textContent));
    this.found = [];
    for (let i = 0; want && i < this.text.length; i++) {
      for (let p = this.text[i].indexOf(want); p >= 0; p = this.text[i].indexOf(want, p + want.length)) this.found.push([i, p, p + want.length]);
    }
    mark("found", this.found.slice(0, most).map((hit) => this.range(hit)));
    mark("found-now", []);
    for (const b of this.steps) b.disabled = !this.found.length;
    this.at = -1;
    if (this.found.length && !stay) this.go(1);
    else this.hits.textContent = !want ? "" : this.found.length ? `${this.found.length} found` : "None found";
  }
  range([i, from, to]) {
    const r = new Range(), node = this.script.elements[i].firstChild;
    r.setStart(node, from);
    r.setEnd(node, to);
    return r;
  }
  go(step) {
    const n = this.found.length;
    if (!n) return;
    this.at = this.at < 0 ? (step > 0 ? 0 : n - 1) : (this.at + step + n) % n;
    const hit = this.found[this.at];
    mark("found-now", [this.range(hit)]);
    document.dispatchEvent(new Event("trackscribe-found"));
    bring(this.script.elements[hit[0]], "center");
    this.hits.textContent = `${this.at + 1} of ${n}`;
  }
}
