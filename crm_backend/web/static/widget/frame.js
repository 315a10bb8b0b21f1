/* The launcher and the colours: all that a page loads before somebody chats. */

import { el, icon } from "./elements.js";

const LABELS = {
  en: {
    open: "Open chat",
    unread: (n) => `Open chat, ${n} unread ${n === 1 ? "message" : "messages"}`,
  },
  zh: { open: "打开聊天", unread: (n) => `打开聊天，${n} 条未读消息` },
};

/** Build the launcher; `count` shows how many messages wait. */
export function buildLauncher(language) {
  const labels = LABELS[language.startsWith("zh") ? "zh" : "en"];
  const number = el("span", { class: "unread", "aria-hidden": "true", hidden: true });
  const node = el(
    "button",
    { class: "launcher", type: "button", "aria-label": labels.open, "aria-expanded": "false" },
    icon("chat"),
    number,
  );
  const count = (n) => {
    number.hidden = !n;
    number.textContent = n > 99 ? "99+" : n;
    node.setAttribute("aria-label", n ? labels.unread(n) : labels.open);
  };
  return { node, count };
}

export const CSS = `
:host{--accent:var(--deskmate-accent,#14532d);--on-accent:#fff;--bg:#fff;--fg:#1c211e;--quiet:#5b635e;--line:#d9ddd8;--edge:#878f89;--bubble:#f1f3ef;--bad:#a3170c;--good:#14653a;--shade:#0b1f1433;
all:initial;font:15.5px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif;color:var(--fg);color-scheme:light dark;position:fixed;inset-inline-end:22px;inset-block-end:22px;z-index:2147483000}
:host([display=inline]){position:relative;inset:auto;z-index:0;display:block;block-size:100%}
@media(prefers-color-scheme:dark){:host{--accent:var(--deskmate-accent-dark,#8fd6ab);--on-accent:#07210f;--bg:#191d1b;--fg:#e9ede9;--quiet:#a9b2ac;--line:#323834;--edge:#7d8781;--bubble:#262b28;--bad:#ffb4a8;--good:#8fd6ab;--shade:#0009}}
*{box-sizing:border-box;font:inherit;color:inherit;margin:0}
[hidden]{display:none!important}
svg{inline-size:22px;block-size:22px;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round;display:block}
button{cursor:pointer;background:none;border:0;min-block-size:44px;min-inline-size:44px}
button:disabled{opacity:.6;cursor:default}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.launcher{inline-size:62px;block-size:62px;border-radius:50%;background:var(--accent);color:var(--on-accent);box-shadow:0 6px 24px var(--shade);display:grid;place-items:center;position:relative}
.launcher svg{inline-size:28px;block-size:28px}
.unread{position:absolute;inset-block-start:-4px;inset-inline-end:-4px;background:#b3261e;color:#fff;border-radius:12px;min-inline-size:24px;padding:0 6px;font-size:13px;line-height:24px;text-align:center}
`;
