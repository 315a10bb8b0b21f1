/* The window of the chat: header, state, question, transcript, composer. */

import { buildComposer } from "./composer.js";
import { button, el, icon, wear } from "./elements.js";
import { BUBBLE } from "./launcher.js";
import { buildMenu } from "./menu.js";
import chatSheet from "./chat.css" with { type: "css" };

const CROSS = "M6 6l12 12M18 6L6 18";
const PHONE = matchMedia("(max-width: 480px)");
const ANNOUNCED_MS = 6_000;

/** Build the window of a chat; nothing of it is shown yet. */
export function buildPanel(host, chat) {
  const { texts, isInline, isStaff, transcript } = chat;
  const root = host.shadowRoot;
  // The one live region: what it says is read aloud once and then taken away.
  const live = el("div.sr", { role: "status", "aria-live": "polite" });
  const who = el("p.quiet");
  const notice = el("div.notice");
  const question = el("div.ask", { hidden: true });
  const composer = buildComposer(
    texts,
    (text) => chat.send({ text }),
    !isStaff && ((file) => chat.attach(file)),
  );
  const isTalking = () => chat.hasConversation() && !isStaff;
  const menu = buildMenu(texts, [
    [texts.person, () => chat.press({ title: texts.person }), () => !isStaff],
    [texts.fresh, () => confirm(texts.freshAsk, texts.freshYes, chat.startAgain), chat.hasConversation],
    [texts.save, chat.download, isTalking],
    [texts.otherLanguage, chat.speakOther],
    [texts.end, () => confirm(texts.endAsk, texts.end, chat.end), () => isTalking() && !chat.isClosed()],
  ]);
  const title = host.getAttribute("heading") ?? texts.title;
  const node = el(
    "section.panel",
    {
      role: isInline ? "region" : "dialog",
      "aria-labelledby": "title",
      lang: texts.htmlLang,
      hidden: !isInline,
      keydown: pressed,
    },
    el(
      "div.top",
      el("span.face", { "aria-hidden": "true" }, icon(BUBBLE)),
      el("div.title", el("h2", { id: "title" }, title), who),
      menu,
      !isInline && button("round", texts.close, chat.close, CROSS),
    ),
    notice,
    question,
    transcript.node,
    composer.problem,
    composer.node,
    !isStaff && el("p.privacy", texts.privacy),
  );
  let shown = "";
  let inert = [];
  wear(root, chatSheet);
  root.append(node, live);

  function say(text) {
    const line = el("p", text);
    live.append(line);
    setTimeout(() => line.remove(), ANNOUNCED_MS);
  }

  /** Ask before something that cannot be undone. */
  function confirm(text, yes, action) {
    const answer = (isYes) => () => {
      question.hidden = true;
      composer.field.focus();
      if (isYes) action();
    };
    question.replaceChildren(
      el("p", { id: "question" }, text),
      button("primary", yes, answer(true)),
      button("link", texts.keep, answer(false)),
    );
    question.hidden = false;
    question.querySelector("button").focus();
  }

  function pressed(event) {
    if (event.isComposing) return;
    const { field } = composer;
    if (event.key === "F6") {
      (root.activeElement === field ? transcript.log : field).focus();
    } else if (event.key !== "Escape") return;
    else if (!question.hidden) {
      question.hidden = true;
      field.focus();
    } else chat.close();
    event.preventDefault();
    event.stopPropagation();
  }

  /** Show how the conversation stands; the worst news come first. */
  function show({ mode, level, isLost, isLoading, needsSignIn }) {
    const worst =
      (!navigator.onLine && "offline") ||
      (needsSignIn && "signIn") ||
      (isLost && "lost") ||
      (isLoading && "loading") ||
      mode;
    const text = texts.notices[worst] ?? "";
    who.textContent =
      mode === "human" ? texts.agent : texts.answers[level === "verified" ? "verified" : "bot"];
    if (text === shown) return;
    shown = text;
    const restart = worst === "closed" && button("link", texts.freshYes, () => chat.startAgain());
    notice.replaceChildren(text, restart || "");
    if (text && worst !== "loading" && isOpen()) say(text);
  }

  const isOpen = () => !node.hidden;

  function reveal(isShown) {
    if (isInline) return;
    host.toggleAttribute("open", isShown);
    node.hidden = !isShown;
    host.launcher.node.hidden = isShown;
    host.launcher.node.setAttribute("aria-expanded", String(isShown));
    // On a phone the chat covers the page, so nothing behind it may take the focus.
    const covers = isShown && PHONE.matches;
    node.setAttribute("aria-modal", String(covers));
    inert.forEach((other) => (other.inert = false));
    const isBehind = (other) => !other.contains(host) && !other.inert;
    inert = covers ? [...document.body.children].filter(isBehind) : [];
    inert.forEach((other) => (other.inert = true));
  }

  function remove() {
    reveal(false);
    node.remove();
    live.remove();
  }

  return { composer, say, show, isOpen, reveal, remove };
}
