/* The forms of a conversation's page: sent in the background, so that nothing the
   reader has written or opened is lost, whatever becomes of them. */

import { clearDraft } from "./drafts.js";
import { tell } from "./page.js";

let wantsFocus = false;
let wantsBox = false;

function sayUnsent(form) {
  const alert = form.querySelector("#reply-unsent");
  alert.hidden = false;
  alert.textContent = alert.dataset.text;
}

function freshen(form) {
  const id = form.querySelector("[data-fresh-id]");
  if (id) id.value = crypto.randomUUID?.() ?? id.value;
}

/** Say what became of a form, and leave the focus where it belongs. */
export function startForms() {
  const notice = document.querySelector("[data-live-notice]");
  document.body.addEventListener("htmx:afterRequest", ({ detail }) => {
    const form = detail.elt;
    if (form.nodeName !== "FORM") return;
    const status = detail.xhr?.status ?? 0;
    if (status === 0 || status >= 500) {
      if (form.matches("[data-reply]")) sayUnsent(form);
      else tell(notice.dataset.failed);
    } else if (status >= 400 && !form.matches("[data-reply]")) {
      const page = new DOMParser().parseFromString(detail.xhr.responseText, "text/html");
      tell((page.querySelector("main") ?? page.body).textContent.trim());
    } else if (detail.successful && !form.matches("[data-reply]")) {
      tell("");
      if (form.matches("[data-clears]")) {
        clearDraft(form);
        freshen(form);
      }
      if (form.matches("#desk-tags")) form.reset();
      wantsBox = detail.requestConfig?.parameters?.get?.("mode") === "human";
      wantsFocus = wantsBox || document.activeElement === document.body;
    }
  });
  document.body.addEventListener("htmx:afterSwap", ({ target }) => {
    if (!wantsFocus || !target.matches("[data-live]")) return;
    const box = document.querySelector("#reply-text");
    const isOpen = box && !box.disabled && !box.closest("fieldset").disabled;
    // What was fetched before the form was sent shows the box as it was.
    wantsFocus = wantsBox && !isOpen;
    // The button that was pressed is gone, and with it the place of the focus.
    if (isOpen) box.focus();
    else if (document.activeElement === document.body) document.querySelector("#transcript")?.focus();
  });
}
