/* Messages on their way to the gateway, one at a time, in order, until each has an
   answer. They are removed by their id: the stream may confirm one before its request. */

import { Refused, Unreachable } from "./api.js";
import { backoff } from "./connection.js";
import { newId } from "./links.js";

export class Outbox {
  #isBusy = false;
  #tries = 0;
  #timer = 0;

  /** `listener` has show(entry), accept(message), begin(), expire(). */
  constructor(api, store, listener) {
    this.api = api;
    this.store = store;
    this.listener = listener;
  }

  get entries() {
    return this.store.load().queue;
  }

  add(content) {
    const entry = { id: newId(), ...content };
    this.store.update((state) => state.queue.push(entry));
    this.listener.show(entry);
    this.flush();
  }

  remove(id) {
    if (!this.entries.some((entry) => entry.id === id)) return;
    this.store.update((state) => {
      state.queue = state.queue.filter((entry) => entry.id !== id);
    });
  }

  /** Send again what was refused or waits for its next attempt. */
  retry(id) {
    this.#change(id, { failed: undefined, waits: undefined });
    this.#tries = 0;
    this.flush();
  }

  async flush() {
    if (this.#isBusy) return;
    this.#isBusy = true;
    clearTimeout(this.#timer);
    let entry;
    try {
      while ((entry = this.entries.find(({ failed }) => !failed))) {
        await this.#send(entry);
        this.#tries = 0;
      }
    } catch (problem) {
      if (!(problem instanceof Unreachable)) throw problem;
      this.#tries += 1;
      this.#change(entry.id, { waits: true });
      this.#timer = setTimeout(() => this.flush(), backoff(this.#tries));
    } finally {
      this.#isBusy = false;
    }
  }

  async #send(entry) {
    try {
      if (!this.api.token) await this.listener.begin();
      const { id, text, payload, title } = entry;
      const content = payload ? { payload, title } : { text };
      this.listener.accept(
        await this.api.post("messages", { client_message_id: id, ...content }),
      );
      this.remove(id);
    } catch (problem) {
      if (!(problem instanceof Refused)) throw problem;
      if (problem.status === 401 && this.api.token) this.listener.expire();
      else this.#change(entry.id, { failed: problem.code });
    }
  }

  #change(id, values) {
    const state = this.store.update(({ queue }) => {
      const entry = queue.find((candidate) => candidate.id === id);
      if (entry) Object.assign(entry, values);
    });
    const entry = state.queue.find((candidate) => candidate.id === id);
    if (entry) this.listener.show(entry);
  }
}
