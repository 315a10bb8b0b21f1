/* The frame around the conversation: header and composer. */

import { el, icon } from "./elements.js";

const MAX_CHARACTERS = 4000;
const MAX_HEIGHT_PX = 132;

/** Build the header with its two buttons and the question before a new chat. */
export function buildHeader(texts, title, { fresh, close }) {
  const who = el("p", {}, texts.answersNow);
  const ask = el("div", { class: "ask", hidden: true }, el("p", {}, texts.freshAsk));
  const button = (label, onclick, kind) =>
    el("button", { type: "button", class: kind, onclick }, label);
  const answer = (isYes) => () => {
    ask.hidden = true;
    if (isYes) fresh();
    start.focus();
  };
  ask.append(
    button(texts.freshYes, answer(true), "primary"),
    button(texts.freshNo, answer(false), "link"),
  );
  const start = el(
    "button",
    { type: "button", "aria-label": texts.fresh, title: texts.fresh, hidden: true },
    icon("fresh"),
  );
  start.addEventListener("click", () => {
    ask.hidden = !ask.hidden;
    if (!ask.hidden) ask.querySelector("button").focus();
  });
  const node = el(
    "header",
    { class: "top" },
    el("span", { class: "face", "aria-hidden": "true" }, icon("chat")),
    el("div", {}, el("h2", { id: "title" }, title), who),
    start,
    close &&
      el("button", { type: "button", "aria-label": texts.close, onclick: close }, icon("close")),
  );
  return { node, who, start, ask };
}

/** Build the composer; `send` gets a trimmed text that fits. */
export function buildComposer(texts, send) {
  const field = el("textarea", {
    rows: 1,
    "aria-label": texts.placeholder,
    "aria-describedby": "problem",
    placeholder: texts.placeholder,
    enterkeyhint: "send",
  });
  const problem = el("p", { class: "bad", role: "alert", id: "problem" });
  const grow = () => {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight + 2, MAX_HEIGHT_PX)}px`;
  };
  const submit = (event) => {
    event.preventDefault();
    const text = field.value.trim();
    const n = [...text].length;
    problem.textContent = n > MAX_CHARACTERS ? texts.tooLong(texts.number(n)) : "";
    if (!n || n > MAX_CHARACTERS) return;
    field.value = "";
    grow();
    send(text);
  };
  field.addEventListener("input", () => {
    problem.textContent = "";
    grow();
  });
  field.addEventListener("keydown", (event) => {
    // While an input method composes, Enter picks a word; Safari only says 229.
    const isComposing = event.isComposing || event.keyCode === 229;
    if (event.key === "Enter" && !event.shiftKey && !isComposing) submit(event);
  });
  const node = el(
    "form",
    { class: "composer", onsubmit: submit },
    field,
    el("button", { type: "submit", class: "send", "aria-label": texts.send }, icon("send")),
  );
  return { node, field, problem };
}
