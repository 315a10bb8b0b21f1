/* The launcher: all that a page shows before somebody chats. */

import { el, icon } from "./elements.js";

/** A bubble of speech. */
export const BUBBLE = "M4 5h16v12h-9l-5 4v-4H4z";
const LABELS = {
  en: {
    open: "Open chat",
    failed: "Open chat. It could not be loaded, please try again.",
    unread: (n) => `Open chat, ${n} unread ${n === 1 ? "message" : "messages"}`,
  },
  zh: {
    open: "打开聊天",
    failed: "打开聊天。加载失败，请重试。",
    unread: (n) => `打开聊天，${n} 条未读消息`,
  },
};
const TITLE_PREFIX = /^\(\d+\) /;

/** Build the launcher; `count` shows how many messages wait, in the page's title too. */
export function buildLauncher(language, click) {
  const labels = LABELS[language.startsWith("zh") ? "zh" : "en"];
  const number = el("span.unread", { "aria-hidden": "true", hidden: true });
  const node = el(
    "button.launcher",
    { type: "button", "aria-label": labels.open, "aria-expanded": "false", click },
    icon(BUBBLE),
    number,
  );
  const show = (mark, label) => {
    number.hidden = !mark;
    number.textContent = mark;
    node.setAttribute("aria-label", label);
    node.title = label;
  };
  const fail = () => show("!", labels.failed);
  const count = (n) => {
    show(n > 99 ? "99+" : n, n ? labels.unread(n) : labels.open);
    const title = (n ? `(${n}) ` : "") + document.title.replace(TITLE_PREFIX, "");
    if (title !== document.title) document.title = title;
  };
  return { node, count, fail };
}
