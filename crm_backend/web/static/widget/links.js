/* Links in texts, and ids. */

import { el } from "./elements.js";

const LINK = /https:\/\/[!-~]+|tel:\+?[\d-]{5,20}|(?:mailto:)?[\w.+-]+@[\w-]+(?:\.[\w-]+)+/giu;

/** Split text into text and links; only https, mailto and tel become links. */
export function linked(text) {
  const parts = [];
  let done = 0;
  for (const { 0: found, index } of text.matchAll(LINK)) {
    const shown = found.replace(/["'.,;:!?)>]+$/, "");
    const href = /^(https|tel|mailto):/i.test(shown) ? shown : `mailto:${shown}`;
    const attributes = { href, target: "_blank", rel: "noopener noreferrer nofollow" };
    parts.push(text.slice(done, index), el("a", attributes, shown));
    done = index + shown.length;
  }
  return [...parts, text.slice(done)];
}

/** Make a random id; randomUUID() is not there where the page is not served securely. */
export function newId() {
  const digit = (c) => c ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (c / 4)));
  return "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (c) => digit(c).toString(16));
}
