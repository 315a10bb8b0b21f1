/* The reply box of a conversation: it locks with the mode, its draft outlives the page,
   and Ctrl+Enter sends. Without this file it is a plain form. */

const PREFIX = "deskmate-draft:";

/** Lock or open the box as the refreshed part of the page says. */
export function followMode(part) {
  const lock = part.querySelector("[data-can-reply]");
  const fields = document.querySelector("[data-reply] fieldset");
  if (lock && fields) fields.disabled = lock.dataset.canReply === "no";
}

/** Forget what was not sent, for the next one at this desk. */
export function forgetDrafts() {
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
  }
}

/** Give a reply form its draft and its keys. */
export function startReply(form) {
  const box = form.elements.text;
  const key = PREFIX + form.getAttribute("action");
  if (location.hash === "#sent") {
    sessionStorage.removeItem(key);
    history.replaceState(null, "", location.pathname + location.search);
    box.focus();
  } else if (!box.value) {
    box.value = sessionStorage.getItem(key) ?? "";
  }
  box.addEventListener("input", () => sessionStorage.setItem(key, box.value));
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.querySelector("[data-reply-hint]").hidden = false;
}
