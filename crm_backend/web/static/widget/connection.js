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

export class Connection {
  #socket = null;
  #tries = 0;
  #retry = 0;
  #poll = 0;
  #isReady = false;

  /** `listener` has cursor(), receive(), ready(), state(), typing(), lost(), refuse(). */
  constructor(api, listener) {
    this.api = api;
    this.listener = listener;
  }

  open({ now = false } = {}) {
    if (!this.api.token) return;
    if (this.#socket && this.#socket.readyState < 2 && (this.#isReady || !now)) return;
    this.#drop();
    const socket = (this.#socket = this.api.socket());
    socket.onopen = () =>
      socket.send(
        JSON.stringify({
          type: "hello",
          token: this.api.token,
          after: this.listener.cursor(),
        }),
      );
    socket.onmessage = (event) => this.#hear(JSON.parse(event.data));
    socket.onclose = (event) => this.#closed(event.code);
  }

  close() {
    this.#drop();
    clearTimeout(this.#poll);
    this.#tries = 0;
  }

  #drop() {
    clearTimeout(this.#retry);
    this.#isReady = false;
    if (!this.#socket) return;
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    this.#socket = null;
  }

  #hear(frame) {
    if (frame.type === "message") this.listener.receive(frame.message);
    else if (frame.type === "typing") this.listener.typing(frame.on);
    else if (frame.type === "state") this.listener.state(frame);
    else if (frame.type === "ready") {
      clearTimeout(this.#poll);
      this.#isReady = true;
      this.#tries = 0;
      this.listener.ready(frame);
    }
  }

  #closed(code) {
    this.#drop();
    if (code === BAD_TOKEN) {
      this.listener.refuse();
      return;
    }
    this.#tries += 1;
    this.#retry = setTimeout(() => this.open(), backoff(this.#tries));
    if (this.#tries === 2) this.#pull(0);
  }

  async #pull(failures) {
    clearTimeout(this.#poll);
    const token = this.api.token;
    try {
      let page;
      do {
        page = await this.api.get(`messages?after=${this.listener.cursor()}&limit=100`);
        if (this.#isReady || token !== this.api.token) return;
        page.items.forEach((message) => this.listener.receive(message));
      } while (page.items.length);
      this.listener.ready(page);
      failures = 0;
    } catch (problem) {
      if (problem instanceof Refused && problem.status === 401) {
        this.listener.refuse();
        return;
      }
      if (!(problem instanceof Unreachable || problem instanceof Refused)) throw problem;
      failures += 1;
      this.listener.lost();
    }
    if (this.#isReady || token !== this.api.token) return;
    const wait = failures ? Math.max(POLL_MS, backoff(failures)) : POLL_MS;
    this.#poll = setTimeout(() => this.#pull(failures), wait);
  }
}
