/* Whether the CRM can be reached, as the page's own requests tell. While it cannot, forms
   that hold what somebody wrote are not sent off, by button or by key: the words stay
   where they are, with the reason beside them, and the button comes back by itself. */

let isThere = true;

function show() {
  for (const form of document.querySelectorAll("[data-holds]")) {
    for (const button of form.querySelectorAll("button:not([type=button])")) button.disabled = !isThere;
    const reason = form.querySelector("[data-held]");
    // Empty, not hidden: boxes are described by it.
    reason.textContent = isThere ? "" : reason.dataset.held;
  }
}

/** Take note of whether the CRM answered. */
export function setReached(is) {
  if (is === isThere) return;
  isThere = is;
  show();
}

/** Hold back what could not arrive. */
export function startHolding() {
  // Before any other listener: a form that is held back is not submitted at all.
  document.addEventListener(
    "submit",
    (event) => {
      if (isThere || !event.target.matches("[data-holds]")) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    true,
  );
  // A reply box that the CRM sent back is a new one.
  document.addEventListener("htmx:afterSettle", show);
}
