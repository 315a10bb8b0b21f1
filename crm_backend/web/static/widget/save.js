/* Downloads. */

import { el } from "./elements.js";

/** Hand something to the browser's downloads. */
export function save(blob, name) {
  const href = URL.createObjectURL(blob);
  el("a", { href, download: name }).click();
  setTimeout(URL.revokeObjectURL, 60_000, href);
}
