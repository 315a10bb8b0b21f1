/* Messages on their way to the gateway, one at a time, in order, until each has an
   answer. They are removed by their id: the stream may confirm one before its request. */

import { Failure } from "./api.js";
import { backoff } from "./connection.js";
import { newId } from "./links.js";

/** `listener` has show(entry), accept(message), explain(problem), begin(), expire(). */
export function createOutbox(api, store, listener) {
  let isBusy = false;
  let tries = 0;
  let timer;

  const entries = () => store.load().queue;

  function add(content) {
    const entry = { id: newId(), ...content };
    store.update(({ queue }) => queue.push(entry));
    listener.show(entry);
    flush();
  }

  function remove(id) {
    if (!entries().some((entry) => entry.id === id)) return;
    store.update((state) => {
      state.queue = state.queue.filter((entry) => entry.id !== id);
    });
  }

  /** Send again what was refused or waits for its next attempt. */
  function retry(id) {
    change(id, { failed: undefined, waits: undefined });
    tries = 0;
    flush();
  }

  async function flush() {
    if (isBusy) return;
    isBusy = true;
    clearTimeout(timer);
    let entry;
    try {
      while ((entry = entries().find(({ failed }) => !failed))) {
        await send(entry);
        tries = 0;
      }
    } catch (problem) {
      if (!problem.passes) throw problem;
      tries += 1;
      change(entry.id, { waits: true });
      timer = setTimeout(flush, Math.max(problem.waitMs, backoff(tries)));
    } finally {
      isBusy = false;
    }
  }

  async function send({ id, text, payload, title }) {
    try {
      await listener.begin();
      const content = payload ? { payload, title } : { text };
      listener.accept(await api.post("messages", { client_message_id: id, ...content }));
      remove(id);
    } catch (problem) {
      if (!(problem instanceof Failure) || problem.passes) throw problem;
      if (problem.status === 401 && api.token) listener.expire();
      else change(id, { failed: listener.explain(problem) });
    }
  }

  function change(id, values) {
    const find = ({ queue }) => queue.find((entry) => entry.id === id);
    const state = store.update((stored) => {
      const entry = find(stored);
      if (entry) Object.assign(entry, values);
    });
    const entry = find(state);
    if (entry) listener.show(entry);
  }

  return { add, remove, retry, flush, entries, stop: () => clearTimeout(timer) };
}
