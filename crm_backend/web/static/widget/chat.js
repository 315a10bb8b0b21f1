/* The conversation inside <deskmate-chat>; loaded when somebody chats, or has before. */

import { createApi, Failure } from "./api.js";
import { createConnection } from "./connection.js";
import { newId } from "./links.js";
import { openConversation, proveIdentity } from "./opening.js";
import { createOutbox } from "./outbox.js";
import { buildPanel } from "./panel.js";
import { cardPlace } from "./places.js";
import { ratingCard } from "./rating.js";
import { save } from "./save.js";
import { loadTexts } from "./texts.js";
import { createTranscript } from "./transcript.js";

/** Build the chat of an element that has a shadow root and a launcher already. */
export async function createChat(host, base) {
  const { store, isInline } = host;
  const api = createApi(base);
  const isStaff = host.getAttribute("channel") === "staff";
  const texts = await loadTexts(store.load().language ?? host.language, isStaff);
  const leaving = new AbortController();
  let seq, standing, isCaughtUp, isLost, needsSignIn, isProven, opening, verify, rating;

  const chat = {
    api, base, texts, root: host.shadowRoot, isInline, isStaff, begin, startAgain, open, close, leave,
    outbox: host.getAttribute("outbox"),
    hasConversation: () => api.token,
    isVerified: () => standing.level && standing.level !== "anonymous",
    isClosed: () => standing.mode === "closed",
    send: (content) => outbox.add(content),
    attach(file) {
      const id = newId();
      const body = cardPlace({ type: "upload", file, id }, chat);
      transcript.put({ client_message_id: id, sender: "customer", body });
    },
    retry: (id) => outbox.retry(id),
    focusComposer: () => panel.composer.field.focus(),
    explain,
    say: (text) => panel.say(text),
    end: () => attempt(() => api.post("end", {})),
    download: () => attempt(async () => save(await api.blob("transcript"), "chat.txt")),
    discard(id) {
      outbox.remove(id);
      transcript.remove(id);
      chat.focusComposer();
    },
    press({ title, payload }) {
      chat.send(payload ? { payload, title } : { text: title });
      chat.focusComposer();
    },
    onVerifyCard(card) {
      verify?.retire();
      verify = card;
    },
    speakOther: () =>
      attempt(async () => {
        const language = texts.language === "en" ? "zh" : "en";
        if (api.token) {
          await api.post("language", { language });
          store.update((state) => (state.language = language));
        }
        await host.speak(language);
      }),
  };
  const transcript = (chat.transcript = createTranscript(chat));
  const panel = buildPanel(host, chat);
  const showEntry = (entry) =>
    transcript.put({ ...entry, client_message_id: entry.id, sender: "customer" });
  const expire = () => startAgain(texts.expired);
  const outbox = createOutbox(api, store, {
    begin,
    expire,
    explain,
    show: showEntry,
    // The answer may be ahead of messages not seen yet: the cursor stays.
    accept: transcript.put,
  });
  const connection = createConnection(api, {
    cursor: () => seq,
    message: receive,
    typing: transcript.typing,
    state: setState,
    ready,
    refuse: expire,
    lost() {
      isLost = true;
      showState();
    },
  });
  listen();
  takeUp();
  return chat;

  /** Open the window, with a text to send for buttons of the page around it. */
  function open(text) {
    panel.reveal(true);
    greet();
    if (!isInline) transcript.toEnd();
    if (text) panel.composer.field.value = text;
    chat.focusComposer();
    markRead();
  }

  function close() {
    if (isInline) return;
    panel.reveal(false);
    host.launcher.node.focus();
  }

  /** Take everything away; returns how to go on in a new chat of this element. */
  function leave() {
    const left = { isOpen: panel.isOpen(), draft: panel.composer.field.value };
    leaving.abort();
    connection.close();
    outbox.stop();
    transcript.stop();
    panel.remove();
    return left;
  }

  function listen() {
    const { signal } = leaving;
    const wake = () => {
      connection.open(true);
      outbox.flush();
      showState();
    };
    addEventListener("online", wake, { signal });
    addEventListener("offline", showState, { signal });
    const seen = () => {
      if (document.hidden) return;
      wake();
      markRead();
    };
    document.addEventListener("visibilitychange", seen, { signal });
    const heard = ({ key }) => {
      if (key !== store.key && key !== null) return;
      if (store.load().token !== api.token) takeUp();
      else {
        outbox.entries().forEach(showEntry);
        count();
      }
    };
    addEventListener("storage", heard, { signal });
  }

  /** Take up the stored chat, or stand ready for a new one. */
  function takeUp() {
    connection.close();
    transcript.clear();
    seq = 0;
    standing = {};
    isCaughtUp = isLost = needsSignIn = isProven = false;
    verify = rating = undefined;
    api.token = store.load().token;
    outbox.entries().forEach(showEntry);
    if (panel.isOpen()) greet();
    connection.open();
    outbox.flush();
    showState();
    count();
  }

  /** Leave the conversation for a new one; what was not sent goes along with a notice. */
  function startAgain(notice) {
    store.update((state) => {
      state.token = null;
      state.read = 0;
      // A button's command belongs to the chat that offered it; its words stay.
      state.queue = notice
        ? state.queue.map(({ id, text, title }) => ({ id, text: text ?? title }))
        : [];
    });
    takeUp();
    if (!notice) return;
    transcript.put({ seq: 0.5, sender: "system", text: notice, language: texts.language });
    panel.say(notice);
  }

  /** Open a conversation if there is none: once, however many wait for it. */
  async function begin() {
    if (api.token) return;
    try {
      opening ??= openConversation(chat);
      const { token } = await opening;
      if (api.token) return;
      api.token = token;
      store.update((state) =>
        Object.assign(state, { token, read: 0, language: texts.language }),
      );
      // Nothing came before it, so its first answer is news already.
      isCaughtUp = isProven = true;
      needsSignIn = false;
      connection.open();
    } catch (problem) {
      needsSignIn = problem.message.startsWith("identity");
      throw problem;
    } finally {
      opening = undefined;
      showState();
    }
  }

  function receive(message) {
    if (message.seq <= seq) return;
    seq = message.seq;
    if (message.client_message_id) outbox.remove(message.client_message_id);
    const isNews = message.sender !== "customer";
    if (isNews) transcript.typing(false);
    transcript.put(message);
    if (!isCaughtUp) return;
    markRead();
    if (isNews && message.text) panel.say(`${texts[message.sender]}: ${message.text}`);
  }

  async function ready(state) {
    if (isLost) {
      panel.say(texts.again);
      // Whoever can be read from can be written to: no reason to wait any longer.
      outbox.flush();
    }
    isLost = false;
    isCaughtUp = true;
    setState(state);
    markRead();
    if (isProven) return;
    isProven = true;
    // Somebody else is signed in to the shop now, so this chat is not theirs to read.
    if ((await proveIdentity(chat)) === "already_verified") startAgain();
  }

  function setState(state) {
    standing = { ...standing, ...state };
    if (chat.isVerified()) verify?.confirm();
    const isRated = chat.isClosed() && standing.rating?.asked;
    if (!isRated && rating) transcript.remove("rating");
    if (!isRated) rating = undefined;
    else if (!rating) {
      rating = ratingCard(chat, standing.rating.score);
      transcript.put({ client_message_id: "rating", sender: "system", body: rating });
    }
    showState();
  }

  function showState() {
    const isLoading = api.token && !isCaughtUp && !seq;
    panel.show({ ...standing, isLost, isLoading, needsSignIn });
  }

  function greet() {
    transcript.put({
      seq: 0,
      sender: "bot",
      text: texts.hello,
      language: texts.language,
      buttons: texts.starters.map((title) => ({ title })),
    });
  }

  function markRead() {
    const isSeen = panel.isOpen() && !document.hidden;
    if (isSeen && api.token && store.load().read < seq) {
      store.update((state) => (state.read = Math.max(state.read, seq)));
    }
    count();
  }

  function count() {
    const { token, read } = store.load();
    host.launcher.count(token ? transcript.countAfter(read) : 0);
  }

  function explain(failure) {
    return texts.problems[failure.message] ?? failure.text ?? texts.unreachable;
  }

  /** Do what may fail, and say so above the composer. */
  async function attempt(action) {
    const { problem } = panel.composer;
    problem.textContent = "";
    try {
      await action();
    } catch (failure) {
      if (!(failure instanceof Failure)) throw failure;
      problem.textContent = explain(failure);
    }
  }
}
