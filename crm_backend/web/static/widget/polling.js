/* Asking for messages again and again, where a WebSocket does not get through. */

import { Failure } from "./api.js";
import { backoff } from "./connection.js";

const POLL_MS = 3_000;

/** Read on until `isOver()`; `listener` is the connection's. */
export async function poll(api, listener, isOver) {
  let nFailures = 0;
  while (!isOver()) {
    try {
      let page;
      do {
        page = await api.get(`messages?after=${listener.cursor()}&limit=100`);
        if (isOver()) return;
        page.items.forEach(listener.message);
      } while (page.items.length);
      listener.ready(page);
      nFailures = 0;
    } catch (problem) {
      if (!(problem instanceof Failure)) throw problem;
      if (isOver()) return;
      if (problem.status === 401) {
        listener.refuse();
        return;
      }
      nFailures += 1;
      listener.lost();
    }
    const wait = Math.max(POLL_MS, nFailures && backoff(nFailures));
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}
