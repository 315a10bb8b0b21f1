/* Keep a part of a page fresh: fetch it again every few seconds and swap it if it
   changed. Focus and scrolling stay where they were; hidden pages rest. */

import { setReached } from "./connection.js";

const NEAR_THE_END_PX = 60;

/** The HTML as the browser writes it, which is how the page's own can be compared. */
function asShown(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.innerHTML.trim();
}

/** Watch `part`; `after` runs on new content. */
export function keepFresh(part, after) {
  const { refresh, every, follow } = part.dataset;
  const notice = document.querySelector("[data-live-notice]");
  // What came with the page: it may be older than the first answer.
  let before = part.innerHTML.trim();

  // A link leads to one line, which stays in sight.
  const atLine = location.hash.startsWith("#line-");

  const toEnd = () => {
    const box = follow && part.querySelector(follow);
    if (box && !atLine) box.scrollTop = box.scrollHeight;
  };

  const swap = (html) => {
    const box = follow && part.querySelector(follow);
    const stays = box && box.scrollHeight - box.scrollTop - box.clientHeight > NEAR_THE_END_PX;
    const top = box?.scrollTop;
    const focused = part.contains(document.activeElement) ? document.activeElement : null;
    const again = focused?.id ? `#${CSS.escape(focused.id)}` : focused?.matches(follow) && follow;
    part.innerHTML = html;
    after(part);
    if (stays) part.querySelector(follow).scrollTop = top;
    else toEnd();
    if (again) part.querySelector(again)?.focus({ preventScroll: true });
  };

  const look = async () => {
    if (document.hidden) return;
    const url = new URL(refresh, location);
    url.searchParams.set("part", "1");
    const response = await fetch(url, { redirect: "manual" }).catch(() => null);
    setReached(Boolean(response) && response.status < 500);
    if (response?.type === "opaqueredirect") notice.textContent = notice.dataset.signedOut;
    else if (!response?.ok) notice.textContent = notice.dataset.stale;
    else {
      notice.textContent = "";
      const html = asShown(await response.text());
      if (html !== before) swap(html);
      before = html;
    }
  };

  toEnd();
  look();
  setInterval(look, Number(every) * 1000);
  document.addEventListener("visibilitychange", look);
  addEventListener("online", look);
  addEventListener("offline", () => {
    setReached(false);
    notice.textContent = notice.dataset.stale;
    // A CRM on this machine is there all the same.
    look();
  });
}
