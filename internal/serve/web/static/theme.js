// Blocking and tiny, so that the chosen theme is there before the first paint.
const root = document.documentElement;
let kept = null;
try { kept = localStorage.getItem("theme"); } catch { /* storage may be forbidden */ }
if (kept === "dark" || kept === "light") root.dataset.theme = kept;
addEventListener("DOMContentLoaded", () => {
  const button = document.getElementById("theme");
  const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const name = () => { button.textContent = dark() ? "Light theme" : "Dark theme"; };
  button.hidden = false;
  name();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", name);
  button.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* it holds for this page */ }
    name();
  });
});
