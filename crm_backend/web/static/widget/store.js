/* What the browser keeps: the chat's token, how far it was read, and unsent messages.
   Nothing is written before the visitor sends something. Every change reads the stored
   state first, so several tabs do not overwrite each other. */

const empty = () => ({ token: null, read: 0, queue: [] });

export class Store {
  #memory = null;

  constructor(key) {
    this.key = key;
  }

  load() {
    let text = this.#memory;
    try {
      text = localStorage.getItem(this.key);
    } catch {
      // Storage is switched off: this page remembers, a reload forgets.
    }
    try {
      return { ...empty(), ...JSON.parse(text) };
    } catch {
      return empty();
    }
  }

  update(change) {
    const state = this.load();
    change(state);
    const isEmpty = !state.token && !state.queue.length;
    this.#memory = isEmpty ? null : JSON.stringify(state);
    try {
      if (isEmpty) localStorage.removeItem(this.key);
      else localStorage.setItem(this.key, this.#memory);
    } catch {
      // As above, or the quota is used up; the memory still has it.
    }
    return state;
  }
}
