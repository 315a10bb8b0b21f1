/* Calls to the gateway. */

const TIMEOUT_MS = 15_000;

/** A call that failed; one that `passes` is worth another try later. */
export class Failure extends Error {
  constructor(status, { code, message } = {}, waitSeconds = 0) {
    super(code ?? "unreachable");
    this.status = status;
    // The gateway says most things in the language of the conversation.
    this.text = message;
    this.waitMs = 1000 * waitSeconds;
    this.passes = !status || status >= 500 || (status === 429 && code !== "too_many_attempts");
  }
}

export function createApi(base) {
  const root = new URL("api/v1/chat/", base).href;
  const api = {
    root,
    token: null,
    socket: () => new WebSocket(`${root.replace(/^http/, "ws")}socket`),
    get: async (path) => (await call(path)).json(),
    post: async (path, body) => (await call(path, JSON.stringify(body))).json(),
    blob: async (path) => (await call(path)).blob(),
  };

  async function call(path, body) {
    const headers = { "Content-Type": "application/json" };
    if (api.token) headers.Authorization = `Bearer ${api.token}`;
    let response, problem;
    try {
      response = await fetch(root + path, {
        method: body === undefined ? "GET" : "POST",
        body,
        headers,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (!response.ok) problem = await response.json();
    } catch {
      throw new Failure();
    }
    if (response.ok) return response;
    throw new Failure(response.status, problem?.error, response.headers.get("Retry-After"));
  }

  return api;
}
