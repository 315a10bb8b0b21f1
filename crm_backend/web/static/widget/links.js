/* Links in texts, and ids. */

import { el } from "./elements.js";

const LINK =
  /https:\/\/[^\s<>"'，。！？；、（）【】「」]+|tel:\+?[\d-]{5,20}|(?:mailto:)?[\w.+-]+@[\w-]+(?:\.[\w-]+)+/giu;
const SAFE = new Set(["https:", "mailto:", "tel:"]);

/** Split text into text and links; only https, mailto and tel become links. */
export function linked(text) {
  const parts = [];
  let done = 0;
  for (const match of text.matchAll(LINK)) {
    const shown = match[0].replace(/[.,;:!?)]+$/, "");
    const href = /^(https|tel|mailto):/i.test(shown) ? shown : `mailto:${shown}`;
    if (!URL.canParse(href) || !SAFE.has(new URL(href).protocol)) continue;
    parts.push(text.slice(done, match.index));
    const attributes = { href, rel: "noopener noreferrer nofollow" };
    if (href.startsWith("https:")) attributes.target = "_blank";
    parts.push(el("a", attributes, shown));
    done = match.index + shown.length;
  }
  parts.push(text.slice(done));
  return parts;
}

/** Make a random id, also where the page is not served securely. */
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const b = crypto.getRandomValues(new Uint8Array(16));
  b[6] = (b[6] & 0x0f) | 0x40;
  b[8] = (b[8] & 0x3f) | 0x80;
  const hex = [...b].map((x) => x.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
