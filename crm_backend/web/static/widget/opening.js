/* The beginning of a conversation, as the shop's customer where the page knows one. */

import { Failure } from "./api.js";

// Most shops sign no tokens, so how they are shown is loaded by those who do.
function loadIdentity({ isStaff }) {
  if (isStaff || !window.deskmateSettings?.getIdentityToken) return null;
  return import("./identity.js").catch(() => {
    throw new Failure();
  });
}

/** Open a conversation; its token is shown this once. */
export async function openConversation(chat) {
  const { api, texts, isStaff } = chat;
  const channel = isStaff ? "staff" : "customer";
  const open = (identity) =>
    api.post("conversations", { language: texts.language, channel, identity });
  const identity = await loadIdentity(chat);
  return identity ? identity.openSigned(open) : open();
}

/** Tell an open conversation who has signed in since; returns the code of a refusal. */
export async function proveIdentity(chat) {
  try {
    return await (await loadIdentity(chat))?.prove(chat.api);
  } catch (problem) {
    if (!(problem instanceof Failure)) throw problem;
    return problem.message;
  }
}
