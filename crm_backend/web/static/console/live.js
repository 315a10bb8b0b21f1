/* Live parts: a socket says that something changed, the part is fetched again and
   morphed in. A page that missed a frame catches up with the next look, as it asks by
   itself too; there is no state that could be wrong after a reconnect. */

import { setReached } from "../connection.js";
import { follow, tell } from "./page.js";

const NEAR_THE_END_PX = 60;
const FIRST_RETRY_MS = 400;
const LAST_RETRY_MS = 30_000;
const LOOK_MS = 15_000;
const LOOK_ALONE_MS = 4_000;

const part = document.querySelector("[data-live]");
const talk = document.querySelector("[data-conversation]");
let socket = null;
let lastNews = 0;
let updatedAt = new Date();
// live: the socket tells of news. asking: there is none, but requests are answered.
// away: nothing answers. out: the sign-in does. "": the socket has not opened yet.
let state = "";

/** Say how the page stays up to date, where that changed, and hold back what is written. */
function become(next) {
  setReached(next !== "away");
  if (next === state) return;
  const { dataset } = document.querySelector("[data-live-notice]");
  const time = updatedAt.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  if (next === "away") tell(dataset.staleSince.replace("{time}", time));
  else if (next === "out") tell(dataset.signedOut);
  else if (next === "asking") tell(dataset.asking);
  else if (state) tell(dataset.again, true);
  state = next;
}

/** Fetch the live part again. */
export function look() {
  lastNews = Date.now();
  window.htmx.trigger(document.body, "news");
}

function connect(delay = FIRST_RETRY_MS) {
  const url = new URL("/console/socket", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  if (talk) url.searchParams.set("conversation", talk.dataset.conversation);
  const opening = new WebSocket(url);
  let next = Math.min(delay * 2, LAST_RETRY_MS);
  opening.onopen = () => {
    socket = opening;
    next = FIRST_RETRY_MS;
    look();
  };
  opening.onmessage = ({ data }) => {
    if (JSON.parse(data).topic === "presence") document.dispatchEvent(new Event("presence"));
    else look();
  };
  opening.onclose = () => {
    if (socket) {
      socket = null;
      become("away");
      // It may have been the socket alone.
      look();
    }
    setTimeout(() => connect(next), next * (0.7 + 0.6 * Math.random()));
  };
}

/** Keep what the reader opened or is in the middle of. */
function keepAsItIs() {
  const { defaults } = window.Idiomorph;
  part.addEventListener("htmx:beforeSwap", () => {
    // Of anything else that has the focus, the content goes with the news.
    defaults.ignoreActiveValue = document.activeElement.matches("input, textarea, select");
  });
  defaults.callbacks.beforeAttributeUpdated = (name) => name !== "open";
  defaults.callbacks.beforeNodeMorphed = (old) => {
    const focused = document.activeElement;
    return !(old.nodeName === "FORM" && old.contains(focused) && focused.matches("select, input"));
  };
}

function watchScrolling(after) {
  let stays = 0;
  part.addEventListener("htmx:beforeSwap", () => {
    const box = part.querySelector(part.dataset.follow);
    const rest = box ? box.scrollHeight - box.scrollTop - box.clientHeight : 0;
    stays = rest > NEAR_THE_END_PX ? box.scrollTop : null;
  });
  part.addEventListener("htmx:afterSwap", () => {
    after(part);
    follow(part);
    const box = part.querySelector(part.dataset.follow);
    if (box) box.scrollTop = stays ?? box.scrollHeight;
    part.removeAttribute("aria-busy");
  });
}

function watchConnection() {
  part.addEventListener("htmx:afterRequest", ({ detail, target }) => {
    if (target !== part) return;
    if (detail.xhr?.responseURL && new URL(detail.xhr.responseURL).pathname === "/sign-in") {
      become("out");
    } else if (!detail.successful) {
      become("away");
    } else {
      updatedAt = new Date();
      // A page whose socket never opened has nothing to say of it.
      become(socket ? "live" : state && "asking");
    }
  });
  addEventListener("offline", () => {
    become("away");
    // A CRM on this machine is there all the same.
    look();
  });
}

/** Keep the page's live part fresh; `after` runs on new content. */
export function startLive(after) {
  if (!part) return;
  keepAsItIs();
  watchScrolling(after);
  watchConnection();
  // The sign-in comes as an answer to everything once a session is over: not into a part.
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const { pathname } = new URL(event.detail.xhr.responseURL || location.href);
    if (pathname === "/sign-in") event.detail.shouldSwap = false;
  });
  const box = part.querySelector(part.dataset.follow);
  if (box) box.scrollTop = box.scrollHeight;
  // What came while the page was loading is not in it.
  look();
  connect();
  setInterval(() => {
    const due = socket && state !== "away" ? LOOK_MS : LOOK_ALONE_MS;
    if (!document.hidden && Date.now() - lastNews >= due) look();
  }, 1000);
  document.addEventListener("visibilitychange", () => document.hidden || look());
  addEventListener("online", look);
}
