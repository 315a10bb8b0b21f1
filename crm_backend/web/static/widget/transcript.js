/* The list of messages: ordered by the server's numbers, unsent ones last. */

import { button, el, hidden } from "./elements.js";
import { linked } from "./links.js";
import { cardPlace } from "./places.js";

const TYPING_MS = 15_000;
const NEAR_THE_END_PX = 120;
const UNSENT = Number.MAX_SAFE_INTEGER;

/** `chat` has texts, press(button), retry(id), discard(id) and what the cards need. */
export function createTranscript(chat) {
  const { texts } = chat;
  // Each message by its id; its element knows its `seq` and whose it is.
  const lines = new Map();
  let typingTimer;
  let sticks = true;
  let top = 0;

  const list = el("ol");
  // role=log for those who go there; the one live region elsewhere announces.
  const log = el(
    "div.log",
    { role: "log", "aria-live": "off", "aria-label": texts.log, tabindex: 0 },
    list,
  );
  const typingWords = hidden(texts.typing);
  const typingLine = el("li.typing.bubble", typingWords, el("i"), el("i"), el("i"));
  const below = el("button.chip.below", { type: "button", click: toEnd }, `${texts.below} ↓`);
  below.hidden = true;
  const node = el("div.middle", log, below);
  const look = () => {
    const { scrollHeight, scrollTop, clientHeight } = log;
    // Only who scrolls up leaves the end; what has grown below was not their doing.
    const isUp = scrollTop < top;
    top = scrollTop;
    sticks = scrollHeight - scrollTop - clientHeight < NEAR_THE_END_PX || (sticks && !isUp);
    if (sticks) below.hidden = true;
  };
  log.addEventListener("scroll", look, { passive: true });
  // Cards, notices and on-screen keyboards take room; the end stays in sight.
  const watcher = new ResizeObserver(() => sticks && toEnd());
  watcher.observe(log);
  watcher.observe(list);

  function clear() {
    lines.clear();
    list.replaceChildren();
    typing(false);
  }

  /** Show a message, or what became of it; true if it was not there before. */
  function put(message) {
    const key = message.client_message_id ?? `#${message.seq}`;
    const before = lines.get(key);
    if (before && before.seq !== UNSENT) return false;
    const line = draw(message, key);
    line.seq = message.seq ?? UNSENT;
    line.isMine = message.sender === "customer";
    const stays = sticks || line.isMine;
    before?.remove();
    lines.set(key, line);
    const later = [...list.children].find((other) => other.seq > line.seq);
    list.insertBefore(line, later ?? null);
    if (line.isMine) useUpChoices(line.seq);
    if (typingLine.isConnected) list.append(typingLine);
    if (stays) toEnd();
    else if (!before) below.hidden = false;
    return !before;
  }

  function remove(key) {
    lines.get(key)?.remove();
    lines.delete(key);
  }

  function typing(isOn, isSlow) {
    clearTimeout(typingTimer);
    typingLine.remove();
    if (!isOn) return;
    typingWords.textContent = isSlow ? texts.slow : texts.typing;
    typingWords.classList.toggle("sr", !isSlow);
    list.append(typingLine);
    if (sticks) toEnd();
    // The end of typing can get lost on the way, so it always expires.
    typingTimer = setTimeout(typing, TYPING_MS, false);
  }

  const after = (seq) => [...lines.values()].filter((line) => line.seq > seq);
  const countAfter = (seq) => after(seq).filter((line) => !line.isMine && line.seq < UNSENT).length;

  function toEnd() {
    sticks = true;
    log.scrollTop = log.scrollHeight;
    below.hidden = true;
  }

  /** Offers end where the customer wrote something after them. */
  function useUpChoices(seq) {
    for (const choices of list.querySelectorAll(".choices")) {
      if (choices.closest("ol > li").seq < seq) choices.remove();
    }
  }

  function draw(message, key) {
    const { sender, blocks = [] } = message;
    const text = message.text ?? message.title;
    const lang = message.language === "zh" ? "zh-CN" : message.language;
    return el(
      `li.${sender}`,
      hidden(`${texts[sender]}: `),
      text && el("div.bubble", { lang }, linked(text)),
      message.body,
      blocks.map((block) => cardPlace(block, chat)),
      choices(message),
      !message.body && footer(message, key),
    );
  }

  function choices({ buttons, seq }) {
    if (!buttons?.length || after(seq).some(({ isMine }) => isMine)) return null;
    const group = el("div.choices", { role: "group" });
    const press = (choice) => {
      group.remove();
      chat.press(choice);
    };
    group.append(...buttons.map((choice) => button("chip", choice.title, () => press(choice))));
    return group;
  }

  function footer({ sender, created_at: createdAt, failed, waits, seq }, key) {
    if (sender === "system") return null;
    const retry = () => button("link", texts.retry, () => chat.retry(key));
    if (failed) {
      const discard = button("link", texts.discard, () => chat.discard(key));
      return el("p.meta.bad", `${texts.failed} ${failed} `, retry(), " ", discard);
    }
    if (waits) return el("p.meta", texts.waits, " ", retry());
    if (seq === undefined) return el("p.meta.sending", texts.sending);
    if (!createdAt) return null;
    const attributes = { datetime: createdAt, title: texts.moment(createdAt) };
    const who = sender === "customer" ? "" : `${texts[sender]} · `;
    return el("p.meta.when", who, el("time", attributes, texts.time(createdAt)));
  }

  const stop = () => watcher.disconnect();
  return { node, log, list, clear, put, remove, typing, countAfter, toEnd, stop };
}
