/* The list of messages: ordered by the server's numbers, unsent ones last. */

import { renderBlock } from "./cards.js";
import { el, icon } from "./elements.js";
import { linked } from "./links.js";

const TYPING_MS = 15_000;
const NEAR_THE_END_PX = 120;
const UNSENT = Number.MAX_SAFE_INTEGER;

export class Transcript {
  #lines = new Map();
  #typingTimer = 0;
  #sticks = true;

  /** `chat` has texts, press(button), retry(id) and what the cards need. */
  constructor(chat) {
    this.chat = chat;
    this.list = el("ol");
    // role=log for those who go there; the one live region elsewhere announces.
    this.log = el(
      "div",
      { class: "log", role: "log", "aria-live": "off", "aria-label": chat.texts.log, tabindex: 0 },
      this.list,
    );
    this.typingLine = el(
      "li",
      { class: "typing" },
      el("span", { class: "sr" }, chat.texts.typing),
      el("i"), el("i"), el("i"),
    );
    this.below = el(
      "button",
      { class: "below", type: "button", hidden: true, onclick: () => this.toEnd() },
      icon("down"),
      chat.texts.below,
    );
    const look = () => {
      this.#sticks = this.#isNearEnd();
      if (this.#sticks) this.below.hidden = true;
    };
    this.log.addEventListener("scroll", look, { passive: true });
    // Notices and on-screen keyboards take room; the end stays in sight.
    new ResizeObserver(() => this.#sticks && this.toEnd()).observe(this.log);
  }

  clear() {
    this.#lines.clear();
    this.list.replaceChildren();
    this.typing(false);
  }

  /** Show a message, or what became of it; true if it was not there before. */
  put(message) {
    const key = message.client_message_id ?? `#${message.seq}`;
    const before = this.#lines.get(key);
    if (before?.seq !== undefined && before.seq !== UNSENT) return false;
    const line = { seq: message.seq ?? UNSENT, sender: message.sender, key };
    line.node = this.#draw(message, key);
    const stays = this.#sticks || message.sender === "customer";
    before?.node.remove();
    this.#lines.set(key, line);
    this.#place(line);
    if (message.sender === "customer") this.#useUpChoices(line);
    if (this.typingLine.isConnected) this.list.append(this.typingLine);
    if (stays) this.toEnd();
    else if (!before) this.below.hidden = false;
    return !before;
  }

  typing(isOn) {
    clearTimeout(this.#typingTimer);
    if (!isOn) {
      this.typingLine.remove();
      return;
    }
    this.list.append(this.typingLine);
    if (this.#sticks) this.toEnd();
    // The end of typing can get lost on the way, so it always expires.
    this.#typingTimer = setTimeout(() => this.typing(false), TYPING_MS);
  }

  countAfter(seq) {
    return [...this.#lines.values()].filter(
      (line) => line.sender !== "customer" && line.seq !== UNSENT && line.seq > seq,
    ).length;
  }

  toEnd() {
    this.#sticks = true;
    this.log.scrollTop = this.log.scrollHeight;
    this.below.hidden = true;
  }

  #isNearEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.log;
    return scrollHeight - scrollTop - clientHeight < NEAR_THE_END_PX;
  }

  #place(line) {
    line.node.seq = line.seq;
    const later = [...this.list.children].find((node) => node.seq > line.seq);
    this.list.insertBefore(line.node, later ?? null);
  }

  /** Offers end where the customer wrote something after them. */
  #useUpChoices(line) {
    for (const choices of this.list.querySelectorAll(".choices")) {
      if (choices.closest("li").seq < line.seq) choices.remove();
    }
  }

  #draw(message, key) {
    const { texts } = this.chat;
    const { sender } = message;
    const who = texts[sender];
    const lang = message.language === "zh" ? "zh-CN" : message.language;
    const text = message.text ?? message.title;
    return el(
      "li",
      { class: sender },
      el("span", { class: "sr" }, `${who}: `),
      text && el("div", { class: "bubble", lang }, linked(text)),
      (message.blocks ?? []).map((block) => renderBlock(block, this.chat)),
      this.#choices(message),
      this.#footer(message, key, who),
    );
  }

  #choices({ buttons, seq }) {
    if (!buttons?.length) return null;
    const later = [...this.#lines.values()];
    if (later.some((line) => line.sender === "customer" && line.seq > seq)) return null;
    const group = el("div", { class: "choices", role: "group" });
    const press = (button) => {
      group.remove();
      this.chat.press(button);
    };
    group.append(
      ...buttons.map((button) =>
        el("button", { type: "button", onclick: () => press(button) }, button.title),
      ),
    );
    return group;
  }

  #footer({ sender, created_at: createdAt, failed, waits, seq }, key, who) {
    const { texts } = this.chat;
    if (sender === "system") return null;
    const retry = () => this.chat.retry(key);
    const again = el("button", { type: "button", class: "link", onclick: retry }, texts.retry);
    if (failed) {
      return el("p", { class: "meta bad" }, texts.problems[failed] ?? texts.failed, " ", again);
    }
    if (waits) return el("p", { class: "meta" }, texts.queued, " ", again);
    if (seq === undefined) return el("p", { class: "meta" }, texts.sending);
    if (!createdAt) return null;
    const time = el("time", { datetime: createdAt }, texts.time(createdAt));
    return el("p", { class: "meta" }, sender === "customer" ? "" : `${who} · `, time);
  }
}
