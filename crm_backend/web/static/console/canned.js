/* Canned replies: the slash opens the list, arrows move in it, Enter inserts at the
   cursor, Escape goes back. What the CRM could not fill in is said and selected. */

import { tell } from "./page.js";

let cursor = 0;
let slash = 0;

const box = () => document.querySelector("#reply-text");
const panel = () => document.querySelector("#canned");
const choices = () => [...panel().querySelectorAll("[data-insert]")].filter((one) => !one.parentElement.hidden);

async function open(nSlashes) {
  const opener = document.querySelector("#canned-open");
  cursor = box().selectionStart;
  slash = nSlashes;
  const response = await fetch(opener.dataset.canned, { redirect: "manual" }).catch(() => null);
  if (!response?.ok) return tell(document.querySelector("[data-live-notice]").dataset.stale, true);
  panel().innerHTML = await response.text();
  panel().hidden = false;
  opener.setAttribute("aria-expanded", "true");
  panel().querySelector("#canned-search").focus();
}

function close() {
  panel().hidden = true;
  document.querySelector("#canned-open").setAttribute("aria-expanded", "false");
  box().focus();
}

function insert(button) {
  const { insert: text, openPlaces } = button.dataset;
  close();
  box().setRangeText(text, cursor - slash, cursor, "end");
  const at = openPlaces ? box().value.indexOf("{", cursor - slash) : -1;
  if (at >= 0) {
    box().setSelectionRange(at, box().value.indexOf("}", at) + 1);
    const notice = document.querySelector("[data-live-notice]");
    tell(notice.dataset.fillIn.replace("{names}", openPlaces));
  }
  box().dispatchEvent(new Event("input", { bubbles: true }));
}

function narrow(words) {
  const wanted = words.toLowerCase().replace(/^\//, "");
  for (const item of panel().querySelectorAll("li")) {
    item.hidden = !item.textContent.toLowerCase().includes(wanted);
  }
  const none = panel().querySelector("#canned-none");
  if (none) none.textContent = choices().length ? "" : none.dataset.text;
}

function move(event) {
  if (event.key === "Escape") {
    event.preventDefault();
    event.stopPropagation();
    return close();
  }
  const list = choices();
  const at = list.indexOf(document.activeElement);
  if (event.key === "Enter" && at < 0 && list.length && !event.isComposing) {
    event.preventDefault();
    return insert(list[0]);
  }
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return undefined;
  event.preventDefault();
  const next = at + (event.key === "ArrowDown" ? 1 : -1);
  const target = next < 0 ? panel().querySelector("#canned-search") : list[Math.min(next, list.length - 1)];
  target?.focus();
  return undefined;
}

/** Let canned replies be put into the reply. */
export function startCanned() {
  if (!panel()) return;
  document.addEventListener("click", ({ target }) => {
    if (target.closest("#canned-open")) {
      if (panel().hidden) open(0);
      else close();
    }
    const button = target.closest("[data-insert]");
    if (button) insert(button);
  });
  document.addEventListener("input", (event) => {
    if (event.target.matches("#canned-search")) narrow(event.target.value);
    if (event.target !== box() || event.isComposing || event.data !== "/") return;
    const before = box().value.slice(0, box().selectionStart - 1);
    // Within a word or a path it is only a slash.
    if (!before || /\s$/.test(before)) open(1);
  });
  panel().addEventListener("keydown", move);
}
