/* Where cards appear in messages; what they need is loaded with the first of them. */

import { button, el } from "./elements.js";

/** Hold the place of a block's card until it can be shown. */
export function cardPlace(block, chat) {
  const { texts } = chat;
  const place = el("div.place");
  async function fill() {
    try {
      const { buildCard } = await import("./cards.js");
      place.replaceChildren(await buildCard(block, chat));
    } catch (problem) {
      console.error(problem);
      place.replaceChildren(button("link", texts.retry, fill));
    }
  }
  fill();
  return place;
}
