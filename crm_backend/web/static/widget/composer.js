/* Where the visitor writes. */

import { button, el } from "./elements.js";

const MAX_CHARACTERS = 4000;
const PLUS = "M12 5v14M5 12h14";
const UP = "M12 19V5M6 11l6-6 6 6";

/** Build the composer; `send` gets a trimmed text that fits, `attach` a file. */
export function buildComposer(texts, send, attach) {
  const field = el("textarea", {
    rows: 1,
    "aria-label": texts.placeholder,
    "aria-describedby": "problem",
    placeholder: texts.placeholder,
    enterkeyhint: "send",
    input: () => (problem.textContent = ""),
    keydown: pressed,
    paste: ({ clipboardData }) => take(clipboardData.files),
  });
  const problem = el("p.bad", { role: "alert", id: "problem" });
  const picker = el("input", { type: "file", hidden: true, change: () => take(picker.files) });
  const node = el(
    "form.composer",
    { submit },
    attach && button("round", texts.attach, () => picker.click(), PLUS),
    attach && picker,
    field,
    button("round.send", texts.send, submit, UP),
  );

  function take(files) {
    if (attach && files[0]) attach(files[0]);
    picker.value = "";
  }

  function submit(event) {
    event.preventDefault();
    const text = field.value.trim();
    const n = [...text].length;
    problem.textContent = n > MAX_CHARACTERS ? texts.tooLong(texts.number(n)) : "";
    if (!n || n > MAX_CHARACTERS) return;
    field.value = "";
    send(text);
  }

  function pressed(event) {
    // While an input method composes, Enter picks a word; Safari only says 229.
    const isComposing = event.isComposing || event.keyCode === 229;
    if (event.key === "Enter" && !event.shiftKey && !isComposing) submit(event);
  }

  return { node, field, problem };
}
