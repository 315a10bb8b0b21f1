/* Keys of the console. Single letters can be turned off, and none counts while somebody
   writes, in a dialog, or together with Alt, Ctrl or AltGr, with which people type. */

const SETTING = "deskmate-keys";
const REGIONS = ["#inbox", "#transcript", "#reply-text", "#side"];

const areOn = () => localStorage.getItem(SETTING) !== "off";
const press = (selector) => document.querySelector(selector)?.click();
const focus = (selector) => document.querySelector(selector)?.focus();

function step(by) {
  const rows = [...document.querySelectorAll("a.row")];
  const at = rows.indexOf(document.activeElement);
  const next = at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by;
  rows[Math.max(0, Math.min(next, rows.length - 1))]?.focus();
}

function nextRegion() {
  const places = REGIONS.map((one) => document.querySelector(one)).filter((one) => one && !one.matches(":disabled"));
  const at = places.findIndex((one) => one.contains(document.activeElement));
  const place = places[(at + 1) % places.length];
  if (place?.id === "inbox") place.querySelector("a.row, a")?.focus();
  else place?.focus();
}

function openNote() {
  const note = document.querySelector("#note");
  if (!note) return;
  note.open = true;
  note.querySelector("textarea").focus();
}

function showHelp() {
  const dialog = document.querySelector("#keys");
  dialog.querySelector("[data-keys-on]").checked = areOn();
  dialog.showModal();
}

const LETTERS = {
  j: () => step(1),
  k: () => step(-1),
  r: () => focus("#reply-text"),
  n: openNote,
  t: () => press("#to-human"),
  b: () => press("#to-bot"),
  a: () => press("#assign-me"),
  e: () => press("#to-closed"),
  "/": () => focus("[data-search], .filters select"),
  "?": showHelp,
};

/** Listen for keys, and show them where somebody asks. */
export function startKeys() {
  if (!document.querySelector("#keys")) return;
  for (const button of document.querySelectorAll("[data-open-keys]")) button.hidden = false;
  let before = "";
  document.addEventListener("click", ({ target }) => target.closest("[data-open-keys]") && showHelp());
  document.addEventListener("change", ({ target }) => {
    if (target.matches("[data-keys-on]")) localStorage.setItem(SETTING, target.checked ? "on" : "off");
  });
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
    if (event.key === "F6") {
      event.preventDefault();
      nextRegion();
      return;
    }
    const isWriting = event.target.matches?.("input, textarea, select, [contenteditable]");
    if (event.key === "Escape" && isWriting) event.target.blur();
    if (isWriting || event.altKey || event.ctrlKey || event.metaKey || !areOn()) return;
    const act = before === "g" && event.key === "i" ? () => (location.href = "/console") : LETTERS[event.key];
    before = event.key;
    if (!act) return;
    event.preventDefault();
    act();
  });
}
