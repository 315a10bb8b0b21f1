/* Calls to the gateway. Unreachable means: try again later, nothing is lost. */

const TIMEOUT_MS = 15_000;

export class Unreachable extends Error {}

export class Refused extends Error {
  constructor(status, code) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

export class Api {
  constructor(origin) {
    this.base = `${origin}/api/v1/chat/`;
    this.token = null;
  }

  socket() {
    return new WebSocket(`${this.base.replace(/^http/, "ws")}socket`);
  }

  get(path) {
    return this.#call(path, { method: "GET" });
  }

  post(path, body) {
    return this.#call(path, { method: "POST", body: JSON.stringify(body) });
  }

  async #call(path, options) {
    const headers = { "Content-Type": "application/json" };
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    let response, body;
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      response = await fetch(this.base + path, { ...options, headers, signal });
      body = await response.json();
    } catch (cause) {
      throw new Unreachable(path, { cause });
    }
    if (response.ok) return body;
    const code = body.error?.code ?? "unknown";
    const isTooMany = response.status === 429 && code !== "too_many_attempts";
    if (response.status >= 500 || isTooMany) throw new Unreachable(code);
    throw new Refused(response.status, code);
  }
}
