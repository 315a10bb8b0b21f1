/* Drafts of colleagues, as far as every page has to know of them. */

export const PREFIX = "deskmate-draft:";

/** Forget what was not sent, for the next one at this desk. */
export function forgetDrafts() {
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith(PREFIX)) localStorage.removeItem(key);
  }
}
