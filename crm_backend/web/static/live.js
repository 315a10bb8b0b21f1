/* Keep a part of a page fresh: fetch it again every few seconds and swap it if it
   changed. Focus and scrolling stay where they were; hidden pages rest. */

const NEAR_THE_END_PX = 60;

/** Watch `part`; `after` runs on new content. */
export function keepFresh(part, after) {
  const { refresh, every, follow } = part.dataset;
  const notice = document.querySelector("[data-live-notice]");
  let before = null;

  const toEnd = () => {
    const box = follow && part.querySelector(follow);
    if (box) box.scrollTop = box.scrollHeight;
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
    if (response?.type === "opaqueredirect") notice.textContent = notice.dataset.signedOut;
    else if (!response?.ok) notice.textContent = notice.dataset.stale;
    else {
      notice.textContent = "";
      const html = await response.text();
      if (before !== null && html !== before) swap(html);
      before = html;
    }
  };

  toEnd();
  look();
  setInterval(look, Number(every) * 1000);
  document.addEventListener("visibilitychange", look);
}
