/* Calls to the gateway. Unreachable means: try again later, nothing is lost. */

const TIMEOUT_MS = 15_000;

export class Unreachable extends Error {}

export class Refused extends Error {
  constructor(status, { code = "unknown", details } = {}) {
    super(code);
    Object.assign(this, { status, code, details });
  }
}

/** Tell what a refusal says: waits are over by themselves, other refusals are not. */
export function refusal(status, body, retryAfter) {
  const error = body?.error ?? {};
  const isTooMany = status === 429 && error.code !== "too_many_attempts";
  if (status < 500 && !isTooMany) return new Refused(status, error);
  return Object.assign(new Unreachable(error.code), { waitMs: 1000 * retryAfter });
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
    } catch (cause) {
      throw new Unreachable(path, { cause });
    }
    if (response.ok) return response;
    throw refusal(response.status, problem, response.headers.get("Retry-After"));
  }

  return api;
}
