// Makes a part of the page like a newer one, in place: what is equal stays, so
// that focus, scroll and what was folded open are kept.
export function morph(old, now) {
  for (const a of [...old.attributes]) if (!now.hasAttribute(a.name) && a.name !== "open") old.removeAttribute(a.name);
  for (const a of now.attributes) if (a.name !== "open" && old.getAttribute(a.name) !== a.value) old.setAttribute(a.name, a.value);
  const byId = new Map([...old.children].filter((e) => e.id).map((e) => [e.id, e]));
  let at = old.firstChild;
  for (const want of [...now.childNodes]) {
    const same = want.id ? byId.get(want.id) : alike(at, want) ? at : null;
    if (!same) { old.insertBefore(want, at); continue; }
    if (same === at) at = at.nextSibling; else old.insertBefore(same, at);
    if (same.nodeType !== 1) { if (same.data !== want.data) same.data = want.data; }
    else if (!same.isEqualNode(want)) morph(same, want);
  }
  while (at) { const next = at.nextSibling; at.remove(); at = next; }
}
const alike = (a, b) => a && a.nodeType === b.nodeType && a.nodeName === b.nodeName && !a.id;
