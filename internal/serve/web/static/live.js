// Keeps a recording's page up to date: events say that something changed, and
// the parts that it touches are fetched and changed in place.
import { morph } from "./morph.js";
const live = document.getElementById("live"), say = document.getElementById("say"), lost = document.getElementById("lost");
// What a node adds to the page once it has ended. The words themselves come with
// the parts, so only how the run stands is asked for.
const adds = {
  "get-recording": ["head"],
  "merge-transcripts": ["transcript", "findings", "player", "head"], "mixdown-tracks": ["player"],
  "generate-waveform": ["player", "findings"], "detect-topics": ["findings", "transcript"], "generate-title": ["head"],
  "generate-summary": ["findings"], "finalize": ["head", "files", "notes"], "cleanup-consent": ["head", "player", "files", "notes"],
};
const over = { succeeded: "Finished", failed: "Failed", canceled: "Canceled" };
const nodes = new Map(), due = new Set(), shown = new Map();
let { run, status } = live.dataset, last = "", tries = 0, timer, busy = false, heard = "", player;

// What the server drew is remembered before anything changes it.
for (const part of document.querySelectorAll(".part")) shown.set(part.id, part.outerHTML);

async function mount() {
  if (!document.body.dataset.player) return;
  player ??= import(document.body.dataset.player);
  try { await (await player).mount(); } catch { /* the page works without */ }
}
function want(names) {
  for (const n of names) due.add(n);
  if (due.size) timer ??= setTimeout(refresh, 400);
}
async function refresh() {
  if (busy) { timer = setTimeout(refresh, 400); return; }
  timer = undefined;
  busy = true;
  const names = [...due];
  due.clear();
  let anew = false;
  for (const name of names) {
    try {
      const answer = await fetch(`${live.dataset.base}/parts/${name}`);
      if (!answer.ok) { if (answer.status >= 500 || answer.status === 429) due.add(name); continue; }
      const box = document.createElement("template");
      box.innerHTML = await answer.text();
      const now = box.content.firstElementChild, old = document.getElementById("part-" + name);
      if (!now || !old || shown.get(old.id) === now.outerHTML) continue;
      shown.set(old.id, now.outerHTML);
      morph(old, now);
      if (name === "head") document.title = `${old.querySelector("h1").textContent} – Trackscribe`;
      anew ||= name === "player" || name === "transcript";
    } catch { due.add(name); }
  }
  if (anew) await mount();
  busy = false;
  if (due.size) timer ??= setTimeout(refresh, 2000);
}
function tell(text) { if (text && text !== heard) { heard = text; say.textContent = text; } }
function take(id, dag) {
  if (id) last = id;
  if (!dag?.tasks) return;
  if (dag.workflow_run_id !== run) {
    run = dag.workflow_run_id;
    status = "";
    nodes.clear();
    want(["findings", "transcript", "player"]);
  }
  if (over[status]) return; // what is told of it now is how it came about
  for (const n of dag.tasks) {
    if (nodes.get(n.name) !== n.status && n.status === "completed") want(adds[n.name] ?? []);
    nodes.set(n.name, n.status);
  }
  want(["graph"]);
  if (status !== dag.status) want(["head", "files", "notes"]);
  if (over[dag.status]) want(["findings", "transcript", "player"]);
  status = dag.status;
  const node = dag.tasks.find((n) => n.status === "running");
  if (over[status]) tell(over[status]);
  else if (node) tell(node.title + (node.children_total ? `: ${node.children_completed ?? 0} of ${node.children_total} done` : ""));
}
function opened() { tries = 0; lost.hidden = true; }
function again() {
  lost.hidden = tries === 0; // one gap is no news
  const wait = Math.min(30000, 500 * 2 ** Math.min(tries++, 6));
  setTimeout(connect, wait / 2 + Math.random() * wait / 2);
}
function address() {
  const url = new URL(live.dataset.events, location.href);
  url.searchParams.set("only", "DAG_STATUS");
  if (last) url.searchParams.set("last-event-id", last);
  return url;
}
function connect() {
  // Whatever keeps a WebSocket away may let plain HTTP through.
  if (tries % 2 === 1 || !window.WebSocket) { stream(); return; }
  const url = address();
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(url);
  socket.onopen = opened;
  socket.onmessage = (m) => { const e = JSON.parse(m.data); take(e.id, e.data); };
  socket.onclose = again;
}
function stream() {
  const source = new EventSource(address());
  source.onopen = opened;
  source.addEventListener("DAG_STATUS", (m) => take(m.lastEventId, JSON.parse(m.data)));
  source.onerror = () => { source.close(); again(); };
}
// spell writes a length of time as the server does.
function spell(n) {
  n = Math.max(0, Math.floor(n));
  if (n < 60) return `${n} s`;
  return n < 3600 ? `${Math.floor(n / 60)} min ${n % 60} s` : `${Math.floor(n / 3600)} h ${Math.floor(n / 60) % 60} min`;
}
setInterval(() => {
  for (const e of document.querySelectorAll("[data-since]")) e.textContent = spell((Date.now() - Date.parse(e.dataset.since)) / 1000);
}, 1000);
connect();
mount();
