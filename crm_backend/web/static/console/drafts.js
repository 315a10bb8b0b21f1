/* Drafts outlive the page, the network and the sign-in: they are kept in this browser,
   per colleague and conversation, until they are sent or the colleague signs out. */

import { PREFIX } from "../drafts.js";
import { shownSeq, tell } from "./page.js";

const boxOf = (form) => form.querySelector("textarea");
const keyOf = (form) => PREFIX + form.dataset.draft;

function restore(form) {
  const box = boxOf(form);
  if (!box.value) box.value = localStorage.getItem(keyOf(form)) ?? "";
  if (box.value && form.dataset.draft.endsWith(":note")) form.closest("details").open = true;
}

/** Forget a form's draft and empty its box. */
export function clearDraft(form) {
  localStorage.removeItem(keyOf(form));
  boxOf(form).value = "";
}

function showHint(root) {
  for (const one of root.querySelectorAll("[data-reply-hint], #canned-open")) one.hidden = false;
}

/** Keep what is written in the forms that have a draft. */
export function startDrafts() {
  const reply = document.querySelector("[data-reply]");
  if (location.hash === "#sent" && reply) {
    localStorage.removeItem(keyOf(reply));
    history.replaceState(null, "", location.pathname + location.search);
    boxOf(reply).focus();
  }
  for (const form of document.querySelectorAll("[data-draft]")) restore(form);
  showHint(document);
  document.addEventListener("input", ({ target }) => {
    const form = target.closest("[data-draft]");
    if (!form || target !== boxOf(form)) return;
    if (target.value) localStorage.setItem(keyOf(form), target.value);
    else localStorage.removeItem(keyOf(form));
    // Whoever writes on has seen what the page shows by now.
    const seen = form.elements.seen_seq;
    if (seen && Number(shownSeq()) > Number(seen.value)) seen.value = shownSeq();
  });
  document.addEventListener("keydown", (event) => {
    const form = event.target.closest?.("[data-draft]");
    if (!form || event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  document.body.addEventListener("sent", () => {
    const form = document.querySelector("[data-reply]");
    clearDraft(form);
    tell("");
    boxOf(form).focus();
  });
  document.body.addEventListener("htmx:afterSettle", () => showHint(document));
}
