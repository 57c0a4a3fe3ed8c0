// The waveform, coloured by who speaks, as the picture behind the slider.
export class Wave {
  constructor(canvas, segments) { Object.assign(this, { canvas, segments, bars: [], now: 0, duration: 0 }); }
  // load fetches the shape, and has it drawn anew when the size or the theme
  // changes.
  async load(address, signal) {
    const again = () => this.again();
    const watch = new ResizeObserver(again), theme = new MutationObserver(again), dark = matchMedia("(prefers-color-scheme: dark)");
    watch.observe(this.canvas);
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    dark.addEventListener("change", again, { signal });
    signal.addEventListener("abort", () => { watch.disconnect(); theme.disconnect(); });
    if (!address) return;
    try {
      const answer = await fetch(address, { signal });
      if (answer.ok) this.bars = (await answer.json()).data;
    } catch { /* the slider works without its picture */ }
    if (!signal.aborted) again();
  }
  again() {
    this.paint = this.picture = null;
    this.draw(this.now, this.duration);
  }
  // speakers returns the colour of whoever speaks in each bar, or -1.
  speakers(n) {
    const who = new Int8Array(n).fill(-1), d = this.duration || 1;
    for (const [start, end, colour] of this.segments) {
      for (let i = Math.floor(start / 100 / d * n); i <= Math.min(n - 1, Math.floor(end / 100 / d * n)); i++) who[i] = colour;
    }
    return who;
  }
  // draw shows the picture, pale where nothing was played yet.
  draw(t, duration) {
    Object.assign(this, { now: t, duration });
    const { width, height } = this.canvas.getBoundingClientRect(), ratio = devicePixelRatio || 1;
    if (!width) return;
    const w = Math.round(width * ratio), h = Math.round(height * ratio), x = Math.min(w, Math.round(t / (this.duration || 1) * w));
    const size = `${w} ${h} ${this.duration}`;
    if (this.paint === `${size} ${x}`) return;
    this.paint = `${size} ${x}`;
    if (this.picture?.size !== size) this.picture = { size, image: this.bake(w, h, ratio), ink: getComputedStyle(document.documentElement).getPropertyValue("--ink") };
    if (this.canvas.width !== w) this.canvas.width = w;
    if (this.canvas.height !== h) this.canvas.height = h;
    const c = this.canvas.getContext("2d");
    c.clearRect(0, 0, w, h);
    c.globalAlpha = 0.5;
    if (x < w) c.drawImage(this.picture.image, x, 0, w - x, h, x, 0, w - x, h);
    c.globalAlpha = 1;
    if (x > 0) c.drawImage(this.picture.image, 0, 0, x, h, 0, 0, x, h);
    c.fillStyle = this.picture.ink;
    c.fillRect(Math.min(x, w - 2 * ratio), 0, 2 * ratio, h);
  }
  // bake makes the picture of the whole, once for a size and a theme.
  bake(w, h, ratio) {
    const image = Object.assign(document.createElement("canvas"), { width: w, height: h }), c = image.getContext("2d");
    const style = getComputedStyle(document.documentElement), names = ["--wave", ...[0, 1, 2, 3, 4, 5, 6, 7].map((i) => "--c" + i)];
    const colours = names.map((name) => style.getPropertyValue(name).trim());
    const bars = this.bars.length ? this.bars : [0], n = bars.length, who = this.speakers(n);
    for (let i = 0; i < n; i++) {
      const from = Math.floor(i * w / n), to = Math.floor((i + 1) * w / n), high = Math.max(2 * ratio, bars[i] * h * 0.92);
      c.fillStyle = colours[who[i] + 1];
      c.fillRect(from, (h - high) / 2, Math.max(1, to - from - (w / n > 3 ? ratio : 0)), high);
    }
    return image;
  }
}
