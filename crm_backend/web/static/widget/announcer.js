/* The one live region: what it says is read aloud once and then taken away. */

import { el } from "./elements.js";

const ANNOUNCED_MS = 6_000;

export class Announcer {
  node = el("div", { class: "sr", "aria-live": "polite" });

  say(text) {
    const line = el("p", {}, text);
    this.node.append(line);
    setTimeout(() => line.remove(), ANNOUNCED_MS);
  }
}
