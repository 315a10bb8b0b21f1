/* Blocks inside messages: orders, predictions, articles and the proof of identity. */

import { el, icon } from "./elements.js";
import { verifyCard } from "./verify.js";

const STEPS = ["placed", "packed", "shipped", "delivered"];
const N_LINES = 4;

export function renderBlock(block, chat) {
  const { texts } = chat;
  if (block.type === "order") return orderCard(block.order, texts);
  if (block.type === "orders") return orderList(block.orders, texts);
  if (block.type === "prediction") return predictionCard(block.prediction, texts);
  if (block.type === "article") return articleCard(block, chat);
  if (block.type === "verify") return verifyCard(chat);
  return null;
}

function facts(pairs) {
  const shown = pairs.filter(([, value]) => value);
  const rows = shown.map(([name, value]) =>
    el("div", {}, el("dt", {}, name), el("dd", {}, value)),
  );
  return el("dl", {}, rows);
}

function badge(status, texts) {
  return el("span", { class: `badge ${status}` }, texts.status[status] ?? status);
}

function progress(status) {
  const reached = STEPS.indexOf(status === "paid" ? "placed" : status);
  if (reached < 0) return null;
  const steps = STEPS.map((_, i) => el("i", { class: i <= reached ? "done" : null }));
  return el("div", { class: "progress", "aria-hidden": "true" }, steps);
}

function orderCard(order, texts) {
  const parcel = order.shipments?.at(-1);
  const event = parcel?.events?.at(-1);
  const address = order.shipping_address ?? {};
  const lines = order.lines ?? [];
  const expected = order.estimated_delivery_on;
  const items = lines
    .slice(0, N_LINES)
    .map(({ name, quantity }) => el("li", {}, quantity > 1 ? `${quantity} × ${name}` : name));
  const rest = lines.length - N_LINES;
  if (rest > 0) items.push(el("li", {}, texts.more(rest)));
  const isOver = ["delivered", "cancelled"].includes(order.status);
  const seen = event && [event.place, event.description ?? event.status].filter(Boolean);
  return el(
    "article",
    { class: "card", "aria-label": `${texts.order} ${order.number}` },
    el("header", {}, el("strong", {}, `${texts.order} ${order.number}`), badge(order.status, texts)),
    progress(order.status),
    facts([
      [texts.ordered, order.ordered_at && texts.day(order.ordered_at)],
      [texts.arrived, order.delivered_at && texts.day(order.delivered_at)],
      [texts.cancelledOn, order.cancelled_at && texts.day(order.cancelled_at)],
      [texts.expected, !isOver && expected && texts.day(expected)],
      [texts.parcel, parcel && `${parcel.carrier} ${parcel.tracking_number}`],
      [texts.lastSeen, !isOver && seen?.join(" · ")],
      [texts.shipTo, [address.line1, address.postcode, address.city].filter(Boolean).join(", ")],
      [texts.items, items.length && el("ul", {}, items)],
      [texts.total, texts.money(order.total_cents, order.currency)],
    ]),
  );
}

function orderList(orders, texts) {
  const rows = orders.map((order) =>
    el(
      "li",
      {},
      el("article", { "aria-label": `${texts.order} ${order.number}` }, [
        el("header", {}, el("strong", {}, order.number), badge(order.status, texts)),
        el(
          "p",
          {},
          `${texts.day(order.ordered_at)} · ${texts.money(order.total_cents, order.currency)}`,
        ),
      ]),
    ),
  );
  return el("ul", { class: "card orders", "aria-label": texts.orders }, rows);
}

function predictionCard(prediction, texts) {
  const { customer, p_purchase: p, base_rate: base } = prediction;
  const title = `${customer.name} · ${customer.number}`;
  const known = prediction.enough_data && p != null;
  const body = known
    ? [
        el("p", { class: "verdict" }, [
          el("strong", {}, `${texts.band[prediction.band] ?? texts.prediction}, ${texts.percent(p)}`),
          ` ${texts.within(prediction.horizon_days)}`,
        ]),
        el("p", { class: "quiet" }, texts.average(texts.percent(base))),
        reasons(texts.reasonsFor, prediction.reasons_for, "+"),
        reasons(texts.reasonsAgainst, prediction.reasons_against, "−"),
      ]
    : [el("p", { class: "verdict" }, texts.noData), el("p", {}, prediction.missing)];
  return el(
    "article",
    { class: "card", "aria-label": `${texts.prediction} ${title}` },
    el("header", {}, el("strong", {}, title)),
    body,
    facts([
      [texts.asOf, texts.day(prediction.as_of)],
      [texts.predictor, prediction.predictor_version],
      [
        texts.basis,
        prediction.n_train && texts.examples(texts.number(prediction.n_train)),
      ],
    ]),
    known && el("p", { class: "quiet" }, texts.estimate),
  );
}

/** Link to a help article; only paths of our own help pages become links. */
function articleCard({ title, heading, quote, url, language }, { texts, origin }) {
  const lang = language === "zh" ? "zh-CN" : language;
  const name = el("span", { lang }, heading && heading !== title ? `${title} · ${heading}` : title);
  const isOurs = /^\/help\/[a-z]{2}\/[\w-]+(#[^\s]*)?$/.test(url ?? "");
  const attributes = { href: origin + url, target: "_blank", rel: "noopener" };
  return el(
    "article",
    { class: "card", "aria-label": `${texts.article} ${title}` },
    quote && el("p", { class: "quoted", lang }, quote),
    el("p", {}, `${texts.article} `, isOurs ? el("a", attributes, name) : name),
  );
}

function reasons(title, items, sign) {
  if (!items?.length) return null;
  const rows = items.map(({ text }) =>
    el("li", {}, el("span", { class: "sign", "aria-hidden": "true" }, sign), text),
  );
  return el("section", { class: "reasons" }, el("h3", {}, title), el("ul", {}, rows));
}

export function confirmedMark(text) {
  return el("p", { class: "confirmed" }, icon("check"), text);
}
