// The player: audio with its waveform, and the transcript that follows it.
// mount() may be called again after parts of the page were changed.
import { Search, bring, mark } from "./search.js";
import { Wave } from "./wave.js";

let undo = new AbortController(), place = 0, playing = false, follows = true, told;

export async function mount() {
  undo.abort();
  undo = new AbortController();
  const box = document.getElementById("player");
  if (!box) return;
  const signal = undo.signal, audio = document.getElementById("audio");
  const script = new Script(), made = audio && new Player(box, audio, script, signal);
  await script.load(box, signal);
  if (signal.aborted) return;
  made?.ready();
  new Search(script, signal);
}

// say shows a message for a while, and has it read out.
const say = (text) => {
  const write = (t) => { const e = document.getElementById("playsay"); if (e) e.textContent = t; };
  write(text);
  clearTimeout(told);
  told = setTimeout(write, 6000, "");
};

export function clock(t) {
  const s = Math.max(0, Math.floor(t)), two = (n) => String(n).padStart(2, "0");
  const h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60;
  return h ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
}

// Script is the transcript: its segments on the page, and when they are spoken.
class Script {
  elements = [...document.querySelectorAll(".g")];
  segments = [];
  ends = [];
  async load(box, signal) {
    try {
      const answer = await fetch(box.dataset.words, { signal });
      if (answer.ok) this.segments = (await answer.json()).segments;
    } catch { /* the audio plays without */ }
    if (this.segments.length !== this.elements.length) this.segments = []; // of another run
    // The latest end so far, by which to know how far back to look.
    let latest = 0;
    this.ends = this.segments.map(([, end]) => latest = Math.max(latest, end));
  }
  start(i) { return this.segments[i][0] / 100; }
  // words returns when each word of a segment begins.
  words(i) {
    const out = [];
    let at = 0;
    for (const n of this.segments[i].slice(3)) out.push((at += n) / 100);
    return out;
  }
  // at returns the last segment that has begun at a time, or -1.
  at(t) {
    let low = 0, high = this.segments.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (this.start(mid) <= t + 0.005) low = mid + 1; else high = mid;
    }
    return low - 1;
  }
  // holding returns the segments that are spoken at a time, several where people
  // speak at once, in reading order; in a pause the last that has begun.
  holding(t) {
    const last = this.at(t), now = 100 * t + 0.5, all = [];
    for (let i = last; i >= 0 && this.ends[i] > now; i--) if (this.segments[i][1] > now) all.unshift(i);
    return all.length || last < 0 ? all : [last];
  }
  // range covers the n-th word of a segment.
  range(i, n) {
    const node = this.elements[i].firstChild;
    if (!node) return null;
    let k = 0;
    for (const m of node.data.matchAll(/\S+/g)) {
      if (k++ === n) {
        const r = new Range();
        r.setStart(node, m.index);
        r.setEnd(node, m.index + m[0].length);
        return r;
      }
    }
    return null;
  }
}

class Player {
  constructor(box, audio, script, signal) {
    Object.assign(this, { box, audio, script, signal, now: [], words: "", frame: 0 });
    this.scrubber = document.getElementById("scrubber");
    this.follow = document.getElementById("follow");
    this.play = document.getElementById("play");
    this.clock = document.getElementById("clock");
    this.listen();
    this.wave = new Wave(this.scrubber.querySelector("canvas"), script.segments);
    this.wave.load(box.dataset.waveform, signal);
    this.restore();
  }
  on(target, type, f, more) { target.addEventListener(type, f, { signal: this.signal, ...more }); }
  get duration() { return Number.isFinite(this.audio.duration) ? this.audio.duration : Number(this.box.dataset.duration) || 0; }
  get following() { return this.follow.getAttribute("aria-pressed") === "true"; }
  set following(on) { follows = on; this.follow.setAttribute("aria-pressed", String(on)); }

  listen() {
    const { audio } = this;
    for (const type of ["play", "pause", "ended"]) this.on(audio, type, () => this.state());
    this.on(audio, "play", () => this.show(true));
    for (const type of ["timeupdate", "seeked", "loadedmetadata"]) this.on(audio, type, () => this.show());
    this.on(audio, "error", () => say("The audio cannot be played."));
    this.on(this.play, "click", () => this.toggle());
    this.on(document.getElementById("back"), "click", () => this.seek(audio.currentTime - 10));
    this.on(document.getElementById("ahead"), "click", () => this.seek(audio.currentTime + 10));
    this.on(document.getElementById("speed"), "change", (e) => { audio.playbackRate = Number(e.target.value); });
    this.on(document.getElementById("copy"), "click", () => this.copy());
    this.on(this.follow, "click", () => { this.following = !this.following; this.show(true); });
    // Whoever scrolls by hand looks for something else.
    const leave = () => { if (!audio.paused) this.following = false; };
    for (const type of ["wheel", "touchmove"]) this.on(window, type, (e) => { if (!this.scrubber.contains(e.target)) leave(); }, { passive: true });
    this.on(document, "keydown", (e) => { if (["PageUp", "PageDown", "Home", "End", "ArrowUp", "ArrowDown"].includes(e.key) && !e.target.closest("input, select, [role=slider]")) leave(); });
    this.on(document, "trackscribe-found", () => { this.following = false; });
    this.on(document, "click", (e) => this.clicked(e));
    this.on(document, "keydown", (e) => this.key(e));
    this.on(this.scrubber, "keydown", (e) => this.slide(e));
    const drag = (e) => { const r = this.scrubber.getBoundingClientRect(); this.seek((e.clientX - r.left) / r.width * this.duration); };
    this.on(this.scrubber, "pointerdown", (e) => { if (e.button !== 0) return; this.scrubber.setPointerCapture(e.pointerId); drag(e); });
    this.on(this.scrubber, "pointermove", (e) => { if (this.scrubber.hasPointerCapture(e.pointerId)) drag(e); });
    this.on(window, "hashchange", () => this.hash());
    this.signal.addEventListener("abort", () => {
      place = audio.currentTime;
      playing = !audio.paused;
      for (const i of this.now) this.light(i, false);
      cancelAnimationFrame(this.frame);
    });
  }
  // restore goes on where a player was before the page changed, or cues what the
  // address asks for.
  restore() {
    this.following = follows;
    this.audio.playbackRate = Number(document.getElementById("speed").value);
    if (place > 0 && Math.abs(this.audio.currentTime - place) > 0.5) this.audio.currentTime = place;
    else if (place === 0) this.hash();
    if (playing && this.audio.paused) this.audio.play().catch(() => {});
    this.state();
  }
  // ready has the words join in, once they are there.
  ready() {
    this.wave.segments = this.script.segments;
    this.wave.again();
    this.show(!this.audio.paused || moment(location.hash) !== null && this.audio.currentTime > 0);
  }
  hash() {
    const t = moment(location.hash);
    if (t !== null) this.seek(t);
  }
  seek(t) {
    this.audio.currentTime = Math.min(Math.max(0, t), this.duration || t);
    this.show(true);
  }
  toggle() { if (this.audio.paused) this.start(); else this.audio.pause(); }
  start() { this.audio.play().catch((e) => { if (e.name !== "AbortError") say("The browser does not let the audio play."); }); }
  state() {
    const on = !this.audio.paused;
    this.play.textContent = on ? "Pause" : "Play";
    cancelAnimationFrame(this.frame);
    const tick = () => { this.show(); if (!this.audio.paused) this.frame = requestAnimationFrame(tick); };
    if (on) tick(); else this.show();
  }
  // show brings everything to the current time; cheap where nothing changes. With
  // force the transcript is scrolled there although nothing plays.
  show(force) {
    const t = this.audio.currentTime, text = `${clock(t)} / ${clock(this.duration)}`;
    if (this.clock.textContent !== text) {
      this.clock.textContent = text;
      this.scrubber.setAttribute("aria-valuenow", String(Math.floor(t)));
      this.scrubber.setAttribute("aria-valuemax", String(Math.ceil(this.duration)));
      this.scrubber.setAttribute("aria-valuetext", text);
    }
    this.wave.draw(t, this.duration);
    const now = this.script.holding(t), changed = String(now) !== String(this.now);
    if (changed) {
      for (const i of this.now) this.light(i, false);
      for (const i of now) this.light(i, true);
      this.now = now;
      this.times = now.map((i) => this.script.words(i));
    }
    if (this.following && now.length && (force || changed && !this.audio.paused)) this.reveal(this.script.elements[now.at(-1)]);
    const words = now.map((i, k) => this.times[k].findLastIndex((start) => start <= t + 0.005)), key = `${now} ${words}`;
    if (key === this.words) return;
    this.words = key;
    mark("word", now.map((i, k) => this.script.range(i, words[k])).filter(Boolean));
  }
  // reveal scrolls to what is not well in view: what is being read stays in place.
  reveal(element) {
    const { top, bottom } = element.getBoundingClientRect();
    if (top < this.box.getBoundingClientRect().bottom || bottom > 0.85 * innerHeight) bring(element, "center");
  }
  light(i, on) {
    const e = this.script.elements[i];
    e?.classList.toggle("now", on);
    if (on) e?.setAttribute("aria-current", "true"); else e?.removeAttribute("aria-current");
  }
  clicked(e) {
    if (e.defaultPrevented || e.button !== 0 || e.ctrlKey || e.metaKey || e.shiftKey || e.altKey) return;
    const link = e.target.closest?.("a[href*='#t=']");
    if (link && link.pathname === location.pathname) {
      const t = moment(link.hash);
      if (t === null) return;
      e.preventDefault();
      history.replaceState(null, "", link.hash);
      this.following = true;
      this.seek(t);
      this.start();
      return;
    }
    const g = e.target.closest?.(".g");
    if (!g || !document.getSelection()?.isCollapsed) return;
    const i = this.script.elements.indexOf(g);
    if (i < 0 || !this.script.segments.length) return;
    this.seek(this.wordAt(e, i) ?? this.script.start(i));
    this.start();
  }
  // wordAt returns when the word under the pointer begins.
  wordAt(e, i) {
    const node = this.script.elements[i].firstChild;
    const p = document.caretPositionFromPoint?.(e.clientX, e.clientY);
    const r = p ? { node: p.offsetNode, offset: p.offset } : ((c) => c && { node: c.startContainer, offset: c.startOffset })(document.caretRangeFromPoint?.(e.clientX, e.clientY));
    if (!r || r.node !== node) return null;
    let n = -1;
    for (const m of node.data.matchAll(/\S+/g)) { if (m.index > r.offset) break; n++; }
    return this.script.words(i)[Math.max(0, n)] ?? null;
  }
  // key takes Space anywhere, but letters only in the player: whoever dictates
  // types letters by accident (WCAG 2.1.4).
  key(e) {
    if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey || e.target.closest("input, select, textarea")) return;
    if (e.key === " " && e.target.closest("button, summary, a, [role=slider]")) return;
    const keys = { " ": () => this.toggle(), k: () => this.toggle(), j: () => this.seek(this.audio.currentTime - 10), l: () => this.seek(this.audio.currentTime + 10), c: () => this.copy(), "/": () => document.getElementById("seek").focus() };
    if (!keys[e.key] || e.key !== " " && !this.box.contains(e.target)) return;
    e.preventDefault();
    keys[e.key]();
  }
  slide(e) {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const t = this.audio.currentTime;
    const to = { ArrowLeft: t - 5, ArrowDown: t - 5, ArrowRight: t + 5, ArrowUp: t + 5, PageDown: t - 30, PageUp: t + 30, Home: 0, End: this.duration }[e.key];
    if (to !== undefined) { e.preventDefault(); this.seek(to); } else if (e.key === " " || e.key === "Enter") { e.preventDefault(); this.toggle(); }
  }
  async copy() {
    const url = new URL(location.href), t = Math.round(this.audio.currentTime * 10) / 10;
    url.hash = "t=" + t;
    history.replaceState(null, "", url.hash);
    try {
      await navigator.clipboard.writeText(url.href);
      say(`Link to ${clock(t)} copied.`);
    } catch { say(`The address now leads to ${clock(t)}.`); }
  }
}

// moment reads "#t=75.2" and "#t=75.2-2".
function moment(hash) {
  const m = /^#t(?:=|%3D)(\d+(?:\.\d+)?)/i.exec(hash);
  return m ? Number(m[1]) : null;
}
