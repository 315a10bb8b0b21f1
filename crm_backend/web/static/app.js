/* The pages' own behaviour: local times, live parts, and the buttons that open the chat. */

import { keepFresh } from "./live.js";

const language = document.documentElement.lang;

/** Write the times of a part of the page in the reader's own zone. */
export function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const style = "day" in time.dataset ? { dateStyle: "medium" } : { dateStyle: "medium", timeStyle: "short" };
    const moment = new Date(time.dateTime);
    time.title = moment.toISOString();
    time.textContent = new Intl.DateTimeFormat(language, style).format(moment);
  }
}

localise(document);
for (const part of document.querySelectorAll("[data-refresh]")) keepFresh(part, localise);

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-open-chat], [data-ask]");
  const chat = document.querySelector("deskmate-chat");
  if (!button || !chat) return;
  if (button.dataset.ask) chat.ask(button.dataset.ask);
  else chat.open();
});

// The chat of a colleague must not stay behind for the next one at this desk.
document.querySelector("[data-sign-out]")?.addEventListener("submit", () => {
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith("deskmate-chat:staff")) localStorage.removeItem(key);
  }
});
