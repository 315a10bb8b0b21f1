/* Drafts of colleagues, as far as every page has to know of them. */

export const PREFIX = "deskmate-draft:";

/** Forget what was not sent, for the next one at this desk. */
export function forgetDrafts() {
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith(PREFIX)) localStorage.removeItem(key);
  }
}

/** Give the reply of a page that is not live its draft, and let Ctrl+Enter send it. */
export function startReply(form) {
  const box = form.elements.text;
  const key = PREFIX + form.getAttribute("action");
  if (location.hash === "#sent") {
    localStorage.removeItem(key);
    history.replaceState(null, "", location.pathname + location.search);
    box.focus();
  } else if (!box.value) {
    box.value = localStorage.getItem(key) ?? "";
  }
  box.addEventListener("input", () => localStorage.setItem(key, box.value));
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  const hint = form.querySelector("[data-reply-hint]");
  if (hint) hint.hidden = false;
}
