/* The ordered stream of a conversation: a WebSocket that replays after a cursor, and
   plain requests for the times a WebSocket does not get through. */

import { Refused, Unreachable } from "./api.js";

const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 30_000;
const POLL_MS = 3_000;
const BAD_TOKEN = 4401;

/** Wait longer after every failure, and not at the same moment as everybody else. */
export function backoff(tries) {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** tries) * (0.7 + 0.6 * Math.random());
}

/** `listener` has cursor(), message(), ready(), state(), typing(), lost(), refuse(). */
export function createConnection(api, listener) {
  let socket = null;
  let isReady = false;
  let tries = 0;
  let retry, poll;

  function open(isUrgent) {
    if (!api.token) return;
    if (socket?.readyState < 2 && (isReady || !isUrgent)) return;
    drop();
    socket = api.socket();
    const { token } = api;
    const hello = () => JSON.stringify({ type: "hello", token, after: listener.cursor() });
    socket.onopen = ({ target }) => target.send(hello());
    socket.onmessage = ({ data }) => hear(JSON.parse(data));
    socket.onclose = ({ code }) => closed(code);
  }

  function close() {
    drop();
    clearTimeout(poll);
    tries = 0;
  }

  function drop() {
    clearTimeout(retry);
    isReady = false;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    socket = null;
  }

  function hear(frame) {
    if (frame.type === "message") listener.message(frame.message);
    else if (frame.type === "typing") listener.typing(frame.on, frame.slow);
    else if (frame.type === "state") listener.state(frame);
    else if (frame.type === "ready") {
      clearTimeout(poll);
      isReady = true;
      tries = 0;
      listener.ready(frame);
    }
  }

  function closed(code) {
    drop();
    if (code === BAD_TOKEN) {
      listener.refuse();
      return;
    }
    tries += 1;
    retry = setTimeout(open, backoff(tries));
    if (tries === 2) pull(0);
  }

  async function pull(nFailures) {
    clearTimeout(poll);
    const { token } = api;
    const isOver = () => isReady || token !== api.token;
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
      if (problem instanceof Refused && problem.status === 401) {
        listener.refuse();
        return;
      }
      if (!(problem instanceof Unreachable || problem instanceof Refused)) throw problem;
      nFailures += 1;
      listener.lost();
    }
    if (isOver()) return;
    poll = setTimeout(pull, Math.max(POLL_MS, nFailures && backoff(nFailures)), nFailures);
  }

  return { open, close };
}
