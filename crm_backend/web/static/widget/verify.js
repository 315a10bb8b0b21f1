/* The proof of identity: an e-mail address, then the code sent to it. */

import { Failure } from "./api.js";
import { button, el, icon } from "./elements.js";

const EMAIL = /^\S+@\S+\.\S+$/;
const CODE = /^\d{6}$/;
const FULL_WIDTH_ZERO = 0xff10;
const TICK = "M5 12.5l4.5 4.5L19 7.5";
let nFields = 0;

/** Make the card; only the last one of a chat asks, and only until somebody answered. */
export function verifyCard(chat) {
  const { texts } = chat;
  const card = el("section.card.verify", { "aria-label": texts.verifyTitle });
  const settle = (text) => card.replaceChildren(el("p.confirmed", icon(TICK), text));
  chat.onVerifyCard({
    retire: () => card.replaceChildren(el("p.quiet", texts.verifyBefore)),
    confirm: () => card.querySelector("form") && settle(texts.verifiedPlain),
  });

  function askForEmail(message) {
    const form = stepForm(chat, {
      label: texts.email,
      action: texts.sendCode,
      input: { type: "email", autocomplete: "email", inputmode: "email" },
      async submit(email) {
        if (!EMAIL.test(email)) return texts.cardProblems.email_invalid;
        const answer = await chat.api.post("verification", { email });
        askForCode(texts.codeSent(email, Math.round(answer.expires_in_seconds / 60)));
      },
    });
    form.complain(message);
    card.replaceChildren(
      el("strong", texts.verifyTitle),
      el("p.quiet", texts.verifyWhy),
      form.node,
    );
    if (message) form.input.focus();
  }

  function askForCode(sentence) {
    const form = stepForm(chat, {
      label: texts.code,
      action: texts.confirm,
      input: { autocomplete: "one-time-code", inputmode: "numeric", maxlength: 12 },
      async submit(typed) {
        const code = typed
          .replace(/[\uFF10-\uFF19]/g, (digit) => digit.charCodeAt(0) - FULL_WIDTH_ZERO)
          .replace(/[\s-]/g, "");
        if (!CODE.test(code)) return texts.badCode;
        try {
          const { name } = await chat.api.post("verification/confirm", { code });
          settle(name ? texts.verifiedAs(name) : texts.verifiedPlain);
          chat.focusComposer();
        } catch (problem) {
          if (problem.message !== "code_expired") throw problem;
          askForEmail(texts.cardProblems.code_expired);
        }
      },
    });
    const outbox =
      chat.outbox &&
      el("a.link", { href: chat.outbox, target: "_blank", rel: "noopener" }, texts.outbox);
    card.replaceChildren(
      el("strong", texts.verifyTitle),
      el("p.quiet", sentence),
      form.node,
      el("p.links", button("link", texts.otherEmail, () => askForEmail()), outbox || ""),
    );
    chat.say(sentence);
    form.input.focus();
  }

  if (chat.isVerified()) settle(texts.verifiedPlain);
  else askForEmail();
  return card;
}

function stepForm({ texts }, { label, action, input: attributes, submit }) {
  const id = `field${(nFields += 1)}`;
  const input = el("input", { id, "aria-describedby": `${id}-error`, required: true, ...attributes });
  const error = el("p.bad", { role: "alert", id: `${id}-error` });
  const send = el("button.primary", action);
  const complain = (message) => {
    error.textContent = message ?? "";
    input.setAttribute("aria-invalid", String(Boolean(message)));
  };
  const trySubmit = async (event) => {
    event.preventDefault();
    complain();
    send.disabled = true;
    try {
      complain(await submit(input.value.trim()));
    } catch (problem) {
      if (!(problem instanceof Failure)) throw problem;
      complain(texts.cardProblems[problem.message] ?? texts.unreachable);
    }
    send.disabled = false;
    if (error.textContent) input.focus();
  };
  const node = el(
    "form",
    { novalidate: true, submit: trySubmit },
    el("label", { for: id }, label),
    el("div.row", input, send),
    error,
  );
  return { node, input, complain };
}
