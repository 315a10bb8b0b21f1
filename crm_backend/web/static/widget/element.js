/* The element itself: the launcher, which loads the chat when somebody uses it.

   Without a <deskmate-chat> in the page one is added, with the data-* attributes of the
   script tag as its own. */

import { el } from "./elements.js";
import { buildLauncher } from "./launcher.js";
import { createStore } from "./store.js";
import launcherSheet from "./launcher.css" with { type: "css" };

const BASE = new URL("../../", import.meta.url);

class DeskmateChat extends HTMLElement {
  #chat = null;

  connectedCallback() {
    if (this.shadowRoot) return;
    const channel = this.getAttribute("channel") ?? "customer";
    const owner = this.getAttribute("owner");
    this.isInline = this.getAttribute("display") === "inline";
    this.store = createStore(["deskmate-chat", channel, owner].filter(Boolean).join(":"));
    this.language = this.getAttribute("language") || document.documentElement.lang || "en";
    this.launcher = buildLauncher(this.language, () => this.open());
    this.launcher.node.hidden = this.isInline;
    for (const sign of ["pointerenter", "focus"]) {
      this.launcher.node.addEventListener(sign, () => this.#load(), { once: true });
    }
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [launcherSheet];
    root.append(this.launcher.node);
    const { token, queue } = this.store.load();
    if (this.isInline || token || queue.length) this.#load();
    // Or another tab begins to chat.
    addEventListener("storage", ({ key }) => key === this.store.key && this.#load());
  }

  async open() {
    (await this.#load())?.open();
  }

  async close() {
    (await this.#load())?.close();
  }

  /** Open the chat with a text to send, for buttons of the page around it. */
  async ask(text) {
    (await this.#load())?.open(text);
  }

  /** Forget the conversation in this browser: for a shop that signs its customer out. */
  async forget() {
    (await this.#load())?.startAgain();
  }

  /** Go on in another language. */
  async speak(language) {
    const left = (await this.#load())?.leave();
    this.language = language;
    this.#chat = null;
    const chat = await this.#load();
    if (left?.isOpen) chat?.open(left.draft);
  }

  #load() {
    this.#chat ??= import("./chat.js")
      .then(({ createChat }) => createChat(this, BASE))
      .catch((problem) => {
        console.error(problem);
        // The next click tries again.
        this.#chat = null;
        this.launcher.fail();
      });
    return this.#chat;
  }
}

// The tag may stand on the page twice.
if (!customElements.get("deskmate-chat")) {
  customElements.define("deskmate-chat", DeskmateChat);
  if (!document.querySelector("deskmate-chat")) {
    const tag = document.querySelector('script[src*="/widget.js"]');
    document.body.append(el("deskmate-chat", { ...tag?.dataset }));
  }
}
