/* What the browser keeps: the chat's token, its language, how far it was read, and
   unsent messages. Nothing is written before the visitor sends something. Every change
   reads the stored state first, so several tabs do not overwrite each other. */

export function createStore(key) {
  let memory;

  function load() {
    const empty = { token: null, read: 0, queue: [] };
    try {
      return { ...empty, ...JSON.parse(localStorage.getItem(key)) };
    } catch {
      // Storage is switched off: this page remembers, a reload forgets.
      return { ...empty, ...memory };
    }
  }

  function update(change) {
    const state = load();
    change(state);
    const isEmpty = !state.token && !state.queue.length;
    memory = state;
    try {
      if (isEmpty) localStorage.removeItem(key);
      else localStorage.setItem(key, JSON.stringify(state));
    } catch {
      // As above, or the quota is used up.
    }
    return state;
  }

  return { key, load, update };
}
