/* How likely a customer is to buy again: shown to colleagues, loaded for them alone. */

import { el } from "./elements.js";

export function buildPrediction(prediction, texts) {
  const { customer, p_purchase: p, base_rate: base } = prediction;
  const title = `${customer.name} · ${customer.number}`;
  const isKnown = prediction.enough_data && p != null;
  const reasons = (heading, items, sign) =>
    items?.length &&
    el(
      "section.reasons",
      el("h3", heading),
      el("ul", items.map(({ text }) => el("li", el("b", { "aria-hidden": "true" }, sign), text))),
    );
  const facts = [
    [texts.asOf, texts.day(prediction.as_of)],
    [texts.predictor, prediction.predictor_version],
    [texts.basis, prediction.n_train && texts.examples(texts.number(prediction.n_train))],
  ];
  const rows = facts
    .filter(([, value]) => value)
    .map(([name, value]) => el("div", el("dt", name), el("dd", value)));
  const verdict = () =>
    el(
      "p.verdict",
      el("strong", `${texts.band[prediction.band] ?? texts.prediction}, ${texts.percent(p)}`),
      ` ${texts.within(prediction.horizon_days)}`,
    );
  const body = isKnown
    ? [
        verdict(),
        el("p.quiet", texts.average(texts.percent(base))),
        reasons(texts.reasonsFor, prediction.reasons_for, "+"),
        reasons(texts.reasonsAgainst, prediction.reasons_against, "−"),
      ]
    : [el("p.verdict", texts.noData), el("p", prediction.missing)];
  return el(
    "article.card",
    { "aria-label": `${texts.prediction} ${title}` },
    el("header", el("strong", title)),
    body,
    el("dl", rows),
    isKnown && el("p.quiet", texts.estimate),
  );
}
