/* <deskmate-chat>: the chat with the shop, in one script tag and without dependencies.

   <script type="module" src="/static/widget.js"></script>

   adds the launcher to the page; a <deskmate-chat> written into the page is used
   instead. Its attributes (or data-* on the script tag): channel (customer | staff),
   display (launcher | inline), language, heading, outbox, owner. */

import { el } from "./widget/elements.js";
import { CSS, buildLauncher } from "./widget/frame.js";
import { Store } from "./widget/store.js";

class DeskmateChat extends HTMLElement {
  #chat = null;

  connectedCallback() {
    if (this.shadowRoot) return;
    this.isInline = this.getAttribute("display") === "inline";
    this.channel = this.getAttribute("channel") ?? "customer";
    this.language = this.getAttribute("language") || document.documentElement.lang || "en";
    this.lang = this.language;
    const owner = this.getAttribute("owner");
    this.store = new Store(["deskmate-chat", this.channel, owner].filter(Boolean).join(":"));
    const { node, count } = buildLauncher(this.language);
    this.launcher = node;
    this.count = count;
    this.launcher.hidden = this.isInline;
    this.launcher.addEventListener("click", () => this.open());
    for (const sign of ["pointerenter", "focus"]) {
      this.launcher.addEventListener(sign, () => this.#load(), { once: true });
    }
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    root.append(this.launcher);
    const { token, queue } = this.store.load();
    if (this.isInline || token || queue.length) this.#load();
  }

  async open() {
    (await this.#load()).open();
  }

  async close() {
    (await this.#load()).close();
  }

  /** Open the chat with a text to send, for buttons of the page around it. */
  async ask(text) {
    (await this.#load()).ask(text);
  }

  #load() {
    this.#chat ??= import("./widget/chat.js").then(({ Chat }) => Chat.create(this, this.store));
    // Not reachable now; the next click tries again.
    this.#chat.catch(() => (this.#chat = null));
    return this.#chat;
  }
}

customElements.define("deskmate-chat", DeskmateChat);

if (!document.querySelector("deskmate-chat")) {
  const tag = document.querySelector('script[src*="/widget.js"]');
  document.body.append(el("deskmate-chat", { ...tag?.dataset }));
}
