/* The conversation inside <deskmate-chat>; loaded when somebody chats, or has before. */

import { Announcer } from "./announcer.js";
import { Api } from "./api.js";
import { Connection } from "./connection.js";
import { el } from "./elements.js";
import { Outbox } from "./outbox.js";
import { buildComposer, buildHeader } from "./panel.js";
import { CSS } from "./style.js";
import { loadTexts } from "./texts.js";
import { Transcript } from "./transcript.js";

const PHONE = matchMedia("(max-width: 480px)");

export class Chat {
  #numbers = 0;
  #verify = null;
  #inert = [];

  /** Build the chat of an element that has a shadow root and a launcher already. */
  static async create(host, store) {
    return new Chat(host, store, await loadTexts(host.language));
  }

  constructor(host, store, texts) {
    this.host = host;
    this.store = store;
    this.texts = texts;
    this.isInline = host.isInline;
    this.channel = host.channel;
    this.outbox = host.getAttribute("outbox");
    this.origin = new URL(import.meta.url).origin;
    this.api = new Api(this.origin);
    this.#build();
    this.connection = new Connection(this.api, this.#stream());
    this.sender = new Outbox(this.api, this.store, this.#delivery());
    this.#listen();
    this.#begin();
  }

  // What cards and the transcript may ask for.

  get isVerified() {
    return this.level !== undefined && this.level !== "anonymous";
  }

  nextNumber() {
    return (this.#numbers += 1);
  }

  press({ title, payload }) {
    this.sender.add(payload ? { payload, title } : { text: title });
    this.focusComposer();
  }

  retry(id) {
    this.sender.retry(id);
  }

  focusComposer() {
    this.composer.field.focus();
  }

  onVerifyCard(card) {
    this.#verify?.retire();
    this.#verify = card;
  }

  /** Open the chat with a text to send, for buttons of the page around it. */
  ask(text) {
    this.open();
    this.composer.field.value = text;
    this.composer.field.dispatchEvent(new Event("input"));
  }

  open() {
    if (this.isInline) {
      this.focusComposer();
      return;
    }
    this.#show(true);
    this.#greet();
    this.transcript.toEnd();
    this.focusComposer();
    this.#markRead();
  }

  close() {
    if (this.isInline) return;
    this.#show(false);
    this.host.launcher.focus();
  }

  #build() {
    const { texts } = this;
    const root = this.host.shadowRoot;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    root.adoptedStyleSheets.push(sheet);
    const isStaff = this.channel === "staff";
    const ownTitle = this.host.getAttribute("heading");
    const title = ownTitle ?? (isStaff ? texts.staffTitle : texts.title);
    this.transcript = new Transcript(this);
    this.header = buildHeader(texts, title, {
      fresh: () => this.#startAgain(),
      close: !this.isInline && (() => this.close()),
    });
    this.composer = buildComposer(texts, (text) => this.sender.add({ text }));
    this.notice = el("div", { class: "notice", role: "status" });
    this.announcer = new Announcer();
    this.panel = el(
      "section",
      {
        class: "panel",
        role: this.isInline ? "region" : "dialog",
        "aria-labelledby": "title",
        hidden: !this.isInline,
      },
      this.header.node,
      this.header.ask,
      this.notice,
      el("div", { class: "middle" }, this.transcript.log, this.transcript.below),
      this.composer.problem,
      this.composer.node,
      !isStaff && el("p", { class: "privacy" }, texts.privacy),
    );
    root.append(this.panel, this.announcer.node);
  }

  #listen() {
    this.panel.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.isComposing || this.isInline) return;
      event.stopPropagation();
      this.close();
    });
    const wake = () => {
      this.connection.open({ now: true });
      this.sender.flush();
      this.#status();
    };
    addEventListener("online", wake);
    addEventListener("offline", () => this.#status());
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) return;
      wake();
      this.#markRead();
    });
    addEventListener("storage", (event) => {
      if (event.key !== this.store.key && event.key !== null) return;
      if (this.store.load().token !== this.api.token) this.#begin();
      else this.#count();
    });
  }

  /** Take up the stored chat, or stand ready for a new one. */
  #begin() {
    this.connection.close();
    this.transcript.clear();
    this.seq = 0;
    this.level = this.mode = undefined;
    this.isCaughtUp = this.isLost = false;
    this.#verify = null;
    const { token, queue } = this.store.load();
    this.api.token = token;
    queue.forEach((entry) => this.#showEntry(entry));
    if (!this.panel.hidden) this.#greet();
    this.connection.open();
    this.sender.flush();
    this.#status();
    this.#count();
  }

  #startAgain(notice) {
    this.store.update((state) => {
      state.token = null;
      state.read = 0;
      // A button's command belongs to the chat that offered it; its words stay.
      state.queue = notice
        ? state.queue.map(({ id, text, title }) => ({ id, text: text ?? title }))
        : [];
    });
    this.#begin();
    if (!notice) return;
    const { language } = this.texts;
    this.transcript.put({ seq: 0.5, sender: "system", text: notice, language });
    this.announcer.say(notice);
  }

  #stream() {
    return {
      cursor: () => this.seq,
      receive: (message) => this.#receive(message),
      typing: (isOn) => this.transcript.typing(isOn),
      ready: (state) => {
        if (this.isLost) this.announcer.say(this.texts.again);
        this.isLost = false;
        this.isCaughtUp = true;
        this.#setState(state);
        this.#markRead();
      },
      state: (state) => this.#setState(state),
      lost: () => {
        this.isLost = true;
        this.#status();
      },
      refuse: () => this.#startAgain(this.texts.expired),
    };
  }

  #delivery() {
    return {
      show: (entry) => this.#showEntry(entry),
      // The answer may be ahead of messages not seen yet: the cursor stays.
      accept: (message) => this.transcript.put(message),
      begin: async () => {
        const { language } = this.texts;
        const made = await this.api.post("conversations", { language, channel: this.channel });
        this.api.token = made.token;
        this.store.update((state) => Object.assign(state, { token: made.token, read: 0 }));
        // Nothing came before it, so its first answer is news already.
        this.isCaughtUp = true;
        this.connection.open();
        this.#status();
      },
      expire: () => this.#startAgain(this.texts.expired),
    };
  }

  #receive(message) {
    if (message.seq <= this.seq) return;
    this.seq = message.seq;
    if (message.client_message_id) this.sender.remove(message.client_message_id);
    if (message.sender !== "customer") this.transcript.typing(false);
    this.transcript.put(message);
    if (this.isCaughtUp) {
      this.#markRead();
      if (message.sender !== "customer" && message.text) {
        this.announcer.say(`${this.texts[message.sender]}: ${message.text}`);
      }
    }
  }

  #showEntry(entry) {
    this.transcript.put({ ...entry, client_message_id: entry.id, sender: "customer" });
  }

  #setState({ mode, level }) {
    this.mode = mode;
    this.level = level;
    if (this.isVerified) this.#verify?.confirm();
    this.#status();
  }

  #status() {
    const { texts } = this;
    let text = { waiting: texts.waiting, human: texts.human, closed: texts.closed }[this.mode];
    if (!navigator.onLine) text = texts.offline;
    else if (this.isLost) text = texts.lost;
    else if (this.api.token && !this.isCaughtUp && !this.seq) text = texts.loading;
    if (this.notice.textContent !== (text ?? "")) this.notice.textContent = text ?? "";
    const isCustomer = this.level === "verified";
    this.header.who.textContent = isCustomer ? texts.verified : texts.answersNow;
    this.header.start.hidden = !this.api.token;
  }

  #greet() {
    const { texts } = this;
    const isStaff = this.channel === "staff";
    const starters = isStaff ? texts.staffStarters : texts.starters;
    this.transcript.put({
      seq: 0,
      sender: "bot",
      text: isStaff ? texts.staffHello : texts.hello,
      language: texts.language,
      buttons: starters.map((title) => ({ title })),
    });
  }

  #markRead() {
    const isSeen = !this.panel.hidden && !document.hidden;
    if (isSeen && this.api.token && this.store.load().read < this.seq) {
      this.store.update((state) => {
        state.read = Math.max(state.read, this.seq);
      });
    }
    this.#count();
  }

  #count() {
    const { token, read } = this.store.load();
    this.host.count(token ? this.transcript.countAfter(read) : 0);
  }

  #show(isOpen) {
    this.host.toggleAttribute("open", isOpen);
    this.panel.hidden = !isOpen;
    this.host.launcher.hidden = isOpen;
    this.host.launcher.setAttribute("aria-expanded", String(isOpen));
    // On a phone the chat covers the page, so nothing behind it may take the focus.
    const isCover = isOpen && PHONE.matches;
    this.panel.setAttribute("aria-modal", String(isCover));
    this.#inert.forEach((node) => (node.inert = false));
    const others = [...document.body.children].filter((n) => n !== this.host && !n.inert);
    this.#inert = isCover ? others : [];
    this.#inert.forEach((node) => (node.inert = true));
  }
}
