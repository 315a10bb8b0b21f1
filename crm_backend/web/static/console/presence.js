/* Who else looks at this conversation. The page renews its lease every few seconds and
   is answered with the others; a page in the background lets it run out. */

import { shownSeq } from "./page.js";

const RENEW_MS = 4_000;
const TYPING_MS = 5_000;

/** Say that this page is looked at, and show who else does. */
export function startPresence() {
  const place = document.querySelector("#presence");
  const page = document.querySelector("[data-page]")?.dataset.page;
  if (!place) return;
  let typedAt = 0;
  const renew = async () => {
    if (document.hidden) return;
    const body = new URLSearchParams({
      seen_seq: shownSeq(),
      typing: Date.now() - typedAt < TYPING_MS ? "yes" : "no",
    });
    const headers = { "HX-Request": "true" };
    const response = await fetch(`${page}/presence`, { method: "POST", body, headers, redirect: "manual" })
      .catch(() => null);
    if (!response?.ok) return;
    const html = (await response.text()).trim();
    if (html !== place.innerHTML.trim()) place.innerHTML = html;
  };
  document.addEventListener("input", ({ target }) => {
    if (!target.matches("#reply-text")) return;
    const isNew = Date.now() - typedAt > TYPING_MS;
    typedAt = Date.now();
    if (isNew) renew();
  });
  document.body.addEventListener("sent", () => {
    typedAt = 0;
    renew();
  });
  document.addEventListener("presence", renew);
  document.addEventListener("visibilitychange", renew);
  renew();
  setInterval(renew, RENEW_MS);
}
