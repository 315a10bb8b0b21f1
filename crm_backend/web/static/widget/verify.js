/* The proof of identity: an e-mail address, then the code sent to it. */

import { Refused, Unreachable } from "./api.js";
import { confirmedMark } from "./cards.js";
import { el } from "./elements.js";

const EMAIL = /^\S+@\S+\.\S+$/;
const CODE = /^\d{6}$/;
const PLACES = "\uFF10\uFF11\uFF12\uFF13\uFF14\uFF15\uFF16\uFF17\uFF18\uFF19";

/** Make the card; only the last one of a chat asks, and only until somebody answered. */
export function verifyCard(chat) {
  const { texts } = chat;
  const card = el("section", { class: "card verify", "aria-label": texts.verifyTitle });
  const settle = (text) => card.replaceChildren(confirmedMark(text));
  chat.onVerifyCard({
    retire: () => card.replaceChildren(el("p", { class: "quiet" }, texts.verifyBefore)),
    confirm: () => card.querySelector("form") && settle(texts.verifiedPlain),
  });
  if (chat.isVerified) settle(texts.verifiedPlain);
  else askForEmail(card, chat, settle);
  return card;
}

function askForEmail(card, chat, settle, message) {
  const { texts } = chat;
  const form = stepForm(chat, {
    label: texts.email,
    button: texts.sendCode,
    input: { type: "email", autocomplete: "email", inputmode: "email" },
    async submit(email) {
      if (!EMAIL.test(email)) return texts.badEmail;
      const answer = await chat.api.post("verification", { email });
      const minutes = Math.round(answer.expires_in_seconds / 60);
      askForCode(card, chat, settle, texts.codeSent(email, minutes));
      return null;
    },
  });
  form.complain(message);
  card.replaceChildren(
    el("strong", {}, texts.verifyTitle),
    el("p", { class: "quiet" }, texts.verifyWhy),
    form.node,
  );
  if (message) form.input.focus();
}

function askForCode(card, chat, settle, sentence) {
  const { texts } = chat;
  const restart = (message) => askForEmail(card, chat, settle, message);
  const form = stepForm(chat, {
    label: texts.code,
    button: texts.confirm,
    input: { type: "text", autocomplete: "one-time-code", inputmode: "numeric", maxlength: 12 },
    async submit(typed) {
      const code = typed
        .replace(/[\uFF10-\uFF19]/g, (digit) => PLACES.indexOf(digit))
        .replace(/[\s-]/g, "");
      if (!CODE.test(code)) return texts.badCode;
      try {
        const { name } = await chat.api.post("verification/confirm", { code });
        settle(name ? texts.verifiedAs(name) : texts.verifiedPlain);
        chat.focusComposer();
      } catch (problem) {
        if (!(problem instanceof Refused) || problem.code !== "code_expired") throw problem;
        restart(texts.codeExpired);
      }
      return null;
    },
  });
  const back = el("button", { type: "button", class: "link", onclick: () => restart() }, texts.otherEmail);
  const outbox =
    chat.outbox &&
    el("a", { href: chat.outbox, target: "_blank", rel: "noopener" }, texts.outbox);
  card.replaceChildren(
    el("strong", {}, texts.verifyTitle),
    el("p", { class: "quiet", role: "status" }, sentence),
    form.node,
    el("p", { class: "links" }, back, outbox),
  );
  form.input.focus();
}

function stepForm(chat, { label, button, input: attributes, submit }) {
  const { texts } = chat;
  const number = chat.nextNumber();
  const input = el("input", {
    id: `field${number}`,
    "aria-describedby": `error${number}`,
    required: true,
    ...attributes,
  });
  const error = el("p", { class: "bad", role: "alert", id: `error${number}` });
  const action = el("button", { type: "submit", class: "primary" }, button);
  const complain = (message) => {
    error.textContent = message ?? "";
    input.setAttribute("aria-invalid", message ? "true" : "false");
  };
  const node = el(
    "form",
    { novalidate: true },
    el("label", { for: `field${number}` }, label),
    el("div", { class: "row" }, input, action),
    error,
  );
  node.addEventListener("submit", async (event) => {
    event.preventDefault();
    complain(null);
    action.disabled = true;
    try {
      complain(await submit(input.value.trim()));
    } catch (problem) {
      complain(explain(problem, texts));
    }
    action.disabled = false;
    if (error.textContent) input.focus();
  });
  return { node, input, complain };
}

function explain(problem, texts) {
  if (problem instanceof Unreachable) return texts.unreachable;
  if (!(problem instanceof Refused)) throw problem;
  const sentences = {
    code_wrong: texts.codeWrong,
    code_expired: texts.codeExpired,
    too_many_attempts: texts.tooMany,
    email_invalid: texts.badEmail,
    invalid_request: texts.badEmail,
    already_verified: texts.verifiedPlain,
  };
  return sentences[problem.code] ?? texts.unreachable;
}
