/* The menu of the chat: a button and its list, used with the keyboard like any menu. */

import { button, el } from "./elements.js";

const DOTS = "M5 12h.01M12 12h.01M19 12h.01";

/** `items` are [label, action, isOffered()]. */
export function buildMenu(texts, items) {
  const toggle = button("round", texts.menu, () => show(list.hidden), DOTS);
  const entries = items.map(([label, action]) => {
    const entry = button("item", label, () => {
      show(false);
      toggle.focus();
      action();
    });
    entry.setAttribute("role", "menuitem");
    entry.tabIndex = -1;
    return entry;
  });
  const list = el("div.menu", { role: "menu", "aria-label": texts.menu, hidden: true }, entries);
  const node = el("div.anchor", { keydown: move, focusout: leave }, toggle, list);
  toggle.setAttribute("aria-haspopup", "menu");
  show(false);

  function show(isOpen) {
    list.hidden = !isOpen;
    toggle.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) return;
    items.forEach(([, , isOffered], i) => (entries[i].hidden = isOffered && !isOffered()));
    offered()[0].focus();
  }

  const offered = () => entries.filter((entry) => !entry.hidden);

  function move(event) {
    const all = offered();
    const now = all.indexOf(event.target);
    const target = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: -1 }[event.key];
    if (event.key === "Escape" && !list.hidden) {
      show(false);
      toggle.focus();
    } else if (target !== undefined && !list.hidden) all.at(target % all.length).focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  function leave({ relatedTarget }) {
    if (!node.contains(relatedTarget)) show(false);
  }

  return node;
}
