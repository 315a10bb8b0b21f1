/* The ordered stream of a conversation: a WebSocket that replays after a cursor. */

const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 10_000;
const BAD_TOKEN = 4401;

/** Wait longer after every failure, and not at the same moment as everybody else. */
export function backoff(tries) {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** tries) * (0.7 + 0.6 * Math.random());
}

/** `listener` has cursor(), message(), ready(), state(), typing(), lost(), refuse(). */
export function createConnection(api, listener) {
  let socket = null;
  let isReady = false;
  let tries = 0;
  let retry;
  // Each stretch without a socket has a number, so that asking ends with it.
  let stretch = 0;

  function open(isUrgent) {
    if (!api.token) return;
    if (socket?.readyState < 2 && (isReady || !isUrgent)) return;
    drop();
    socket = api.socket();
    const { token } = api;
    const hello = () => JSON.stringify({ type: "hello", token, after: listener.cursor() });
    socket.onopen = ({ target }) => target.send(hello());
    socket.onmessage = ({ data }) => hear(JSON.parse(data));
    socket.onclose = ({ code }) => closed(code);
  }

  function close() {
    drop();
    stretch += 1;
    tries = 0;
  }

  function drop() {
    clearTimeout(retry);
    isReady = false;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    socket = null;
  }

  function hear(frame) {
    if (frame.type === "message") listener.message(frame.message);
    else if (frame.type === "typing") listener.typing(frame.on, frame.slow);
    else if (frame.type === "state") listener.state(frame);
    else if (frame.type === "ready") {
      stretch += 1;
      isReady = true;
      tries = 0;
      listener.ready(frame);
    }
  }

  function closed(code) {
    drop();
    if (code === BAD_TOKEN) {
      listener.refuse();
      return;
    }
    tries += 1;
    retry = setTimeout(open, backoff(tries));
    if (tries !== 2) return;
    const now = stretch;
    const isOver = () => stretch !== now;
    import("./polling.js").then(({ poll }) => poll(api, listener, isOver), listener.lost);
  }

  return { open, close };
}
