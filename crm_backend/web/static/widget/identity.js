/* Who the shop says the visitor is: a token that the shop's own server has signed.
   Loaded only where a page has deskmateSettings.getIdentityToken. */

async function findToken() {
  try {
    return await window.deskmateSettings.getIdentityToken();
  } catch (problem) {
    console.error("deskmateSettings.getIdentityToken failed", problem);
  }
}

/** Open a conversation as the shop's customer, if somebody has signed in there. */
export async function openSigned(open) {
  // A token may have expired on the page: the shop is asked once more.
  for (let tries = 0; tries < 2; tries += 1) {
    try {
      return await open((await findToken()) || undefined);
    } catch (problem) {
      if (problem.message !== "identity_invalid") throw problem;
    }
  }
  // One that is never right must not keep anybody from asking.
  return open();
}

/** Tell an open conversation who has signed in since. */
export async function prove(api) {
  const token = await findToken();
  if (token) await api.post("identity", { token });
}
