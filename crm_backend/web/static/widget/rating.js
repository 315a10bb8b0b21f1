/* How was it? Asked after the end, never in the way, and the answer may change. */

import { Failure } from "./api.js";
import { el } from "./elements.js";

const SCORES = [1, 2, 3, 4, 5];

/** Build the card; `score` is what was chosen before. */
export function ratingCard({ texts, api, say, explain }, score) {
  const note = el("p.quiet");
  const comment = el("textarea", { rows: 2, "aria-label": texts.comment, placeholder: texts.comment });
  const more = el("div.row", { hidden: !score }, comment, el("button.primary", texts.send));

  async function submit(event) {
    event?.preventDefault();
    more.hidden = false;
    const text = comment.value.trim();
    try {
      await api.post("rating", text ? { score, comment: text } : { score });
      note.textContent = texts.rated;
      say(texts.rated);
      if (text) more.hidden = true;
    } catch (problem) {
      if (!(problem instanceof Failure)) throw problem;
      note.textContent = explain(problem);
    }
  }

  const choices = SCORES.map((value) =>
    el(
      "label",
      el("input.sr", {
        type: "radio",
        name: "score",
        value,
        checked: value === score,
        "aria-label": `${value}: ${texts.scores[value - 1]}`,
        change: () => {
          score = value;
          submit();
        },
      }),
      el("span", { "aria-hidden": "true" }, `${value}`),
    ),
  );
  return el(
    "form.card.rating",
    { submit },
    el("fieldset", el("legend", texts.rate), el("div.scores", choices)),
    more,
    note,
  );
}
