/* What the console's scripts share: the notice, and the lock of the reply box. */

const PASSING_MS = 4_000;
let timer = 0;

/** Show a sentence in the page's notice; a passing one goes away by itself. */
export function tell(text, isPassing = false) {
  const notice = document.querySelector("[data-live-notice]");
  clearTimeout(timer);
  if (notice.textContent !== text) notice.textContent = text;
  if (isPassing) timer = setTimeout(() => (notice.textContent = ""), PASSING_MS);
}

/** Lock or open the reply box as the live part says. */
export function follow(part) {
  const lock = part.querySelector("[data-can-reply]");
  const fields = document.querySelector("[data-reply] fieldset");
  if (!lock || !fields) return;
  fields.disabled = lock.dataset.canReply === "no";
}

/** The last line that the page shows. */
export function shownSeq() {
  return document.querySelector("#reply-lock")?.dataset.seq ?? "0";
}
