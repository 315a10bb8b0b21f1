/* Who the shop says the visitor is: a token that the shop's own server has signed. */

import { Refused, Unreachable } from "./api.js";

async function findToken() {
  try {
    return await window.deskmateSettings?.getIdentityToken?.();
  } catch (problem) {
    console.error("deskmateSettings.getIdentityToken failed", problem);
  }
}

const isInvalid = (problem) => problem instanceof Refused && problem.code === "identity_invalid";

/** Open a conversation, as the shop's customer if the page knows one. */
export async function openConversation({ api, texts, isStaff }) {
  const channel = isStaff ? "staff" : "customer";
  const open = (identity) =>
    api.post("conversations", { language: texts.language, channel, identity });
  if (isStaff) return open();
  // A token may have expired on the page: the shop is asked once more.
  for (let tries = 0; tries < 2; tries += 1) {
    try {
      return await open((await findToken()) || undefined);
    } catch (problem) {
      if (!isInvalid(problem)) throw problem;
    }
  }
  // One that is never right must not keep anybody from asking.
  return open();
}

/** Tell an open conversation who signed in since; returns the code of a refusal. */
export async function prove(api) {
  const token = await findToken();
  if (!token) return null;
  try {
    await api.post("identity", { token });
  } catch (problem) {
    if (problem instanceof Refused) return problem.code;
    if (!(problem instanceof Unreachable)) throw problem;
  }
  return null;
}
