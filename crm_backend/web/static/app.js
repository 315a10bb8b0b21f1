/* The pages' own behaviour: local times, live parts, and the buttons that open the chat. */

import { startHolding } from "./connection.js";
import { keepFresh } from "./live.js";
import { forgetDrafts, startReply } from "./drafts.js";

const language = document.documentElement.lang;
// The reader's own habits, where they are of the page's language: 22 Nov or Nov 22.
const locale = navigator.languages.find((l) => l.startsWith(language.slice(0, 2))) ?? language;

/** Write the times of a part of the page in the reader's own zone. */
export function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    const isToday = moment.toDateString() === new Date().toDateString();
    const style = isToday && "brief" in time.dataset ? {} : { dateStyle: "medium" };
    if (!("day" in time.dataset)) style.timeStyle = "short";
    time.title = moment.toISOString();
    time.textContent = new Intl.DateTimeFormat(locale, style).format(moment);
  }
}

localise(document);
for (const part of document.querySelectorAll("[data-refresh]")) {
  keepFresh(part, () => localise(part));
}

startHolding();
for (const form of document.querySelectorAll("[data-reply]:not([data-draft])")) startReply(form);

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-open-chat], [data-ask]");
  const chat = document.querySelector("deskmate-chat");
  if (!button || !chat) return;
  if (button.dataset.ask) chat.ask(button.dataset.ask);
  else chat.open();
});

// The chat of a colleague must not stay behind for the next one at this desk.
document.querySelector("[data-sign-out]")?.addEventListener("submit", () => {
  forgetDrafts();
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith("deskmate-chat:staff")) localStorage.removeItem(key);
  }
});
