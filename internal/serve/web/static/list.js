// Filters the list as one types, and keeps it fresh. The page itself is fetched
// again: there is one way in which a row is drawn.
import { morph } from "./morph.js";
const form = document.querySelector(".find"), say = document.getElementById("say");
let asked = 0, typing, rounds = 0;
async function load(url, typed) {
  const mine = ++asked;
  try {
    const answer = await fetch(url, { headers: { Accept: "text/html" } });
    if (!answer.ok || mine !== asked) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html"), found = page.getElementById("found");
    if (!found || mine !== asked) return;
    morph(document.getElementById("found"), document.adoptNode(found));
    if (typed) { history.replaceState(null, "", url); say.textContent = document.querySelector("#found .note").textContent; }
  } catch { /* the next round tries again */ }
}
const find = () => {
  const asks = new URLSearchParams([...new FormData(form)].filter(([, value]) => value)).toString();
  return load(asks ? "/?" + asks : "/", true);
};
form.addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(find, 150); });
form.addEventListener("submit", (e) => { e.preventDefault(); clearTimeout(typing); find(); });
// What moves is looked at often, what may come now and then.
setInterval(() => {
  const moves = document.querySelector("#found .running, #found .queued");
  if (!document.hidden && (moves || ++rounds % 5 === 0)) load(location.href, false);
}, 2000);
