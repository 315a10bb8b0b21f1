/* Blocks inside messages, loaded with the first of them: orders, products, articles,
   files and the proof of identity. */

import { fileCard, uploadCard } from "./attachments.js";
import { button, el, wear } from "./elements.js";
import { verifyCard } from "./verify.js";
import cardsSheet from "./cards.css" with { type: "css" };

const BACK = "M14.5 6l-6 6 6 6";
const NEXT = "M9.5 6l6 6-6 6";
const STEPS = ["placed", "packed", "shipped", "delivered"];
const N_LINES = 4;
const MOST_IN_A_LIST = 3;
const CARD_WORDS = {
  en: () => import("./texts.cards.en.js"),
  zh: () => import("./texts.cards.zh.js"),
};
const CARDS = {
  order: ({ order }, { texts }) => orderCard(order, texts),
  orders: ({ orders }, { texts }) => orderList(orders, texts),
  products: ({ products }, chat) => productCards(products, chat),
  article: articleCard,
  attachment: fileCard,
  upload: uploadCard,
  verify: (_, chat) => verifyCard(chat),
  prediction: predictionCard,
  chart: chartCard,
};

/** Add the words and the formats of cards to the others. */
async function addWords(texts) {
  const { cardWords } = await CARD_WORDS[texts.language]();
  const { number } = texts;
  Object.assign(texts, cardWords, {
    percent: (p) => number(p, { style: "percent", maximumFractionDigits: 0 }),
    money: (cents, currency) => number(cents / 100, { style: "currency", currency }),
    size: (nBytes) => number(Math.ceil(nBytes / 1000), { style: "unit", unit: "kilobyte" }),
    day: (value) => texts.date(value, { dateStyle: "medium" }),
  });
}

/** Build a block's card, or nothing for what this widget does not know. */
export async function buildCard(block, chat) {
  await addWords(chat.texts);
  wear(chat.root, cardsSheet);
  return (await CARDS[block.type]?.(block, chat)) ?? "";
}

/** Only colleagues see predictions, so only they load how those are shown. */
async function predictionCard({ prediction }, { texts }) {
  const { buildPrediction } = await import("./prediction.js");
  return buildPrediction(prediction, texts);
}

async function chartCard(block, chat) {
  const { buildChart } = await import("./chart.js");
  return buildChart(block, chat);
}

function facts(pairs) {
  const rows = pairs.filter(([, value]) => value);
  return el("dl", rows.map(([name, value]) => el("div", el("dt", name), el("dd", value))));
}

const badge = (status, texts) => {
  return el(`span.badge.${status}`, texts.status[status] ?? status);
};

function progress(status) {
  const reached = STEPS.indexOf(status === "paid" ? "placed" : status);
  if (reached < 0) return null;
  const steps = STEPS.map((_, i) => el(i <= reached ? "i.done" : "i"));
  return el("div.progress", { "aria-hidden": "true" }, steps);
}

function orderCard(order, texts) {
  const title = `${texts.order} ${order.number}`;
  const parcel = order.shipments?.at(-1);
  const event = parcel?.events?.at(-1);
  const address = order.shipping_address ?? {};
  const lines = order.lines ?? [];
  const expected = order.estimated_delivery_on;
  const items = lines
    .slice(0, N_LINES)
    .map(({ name, quantity }) => el("li", quantity > 1 ? `${quantity} × ${name}` : name));
  if (lines.length > N_LINES) items.push(el("li", texts.more(lines.length - N_LINES)));
  const isOver = ["delivered", "cancelled"].includes(order.status);
  const seen = event && [event.place, event.description ?? event.status].filter(Boolean);
  return el(
    "article.card",
    { "aria-label": title },
    el("header", el("strong", title), badge(order.status, texts)),
    progress(order.status),
    facts([
      [texts.ordered, order.ordered_at && texts.day(order.ordered_at)],
      [texts.arrived, order.delivered_at && texts.day(order.delivered_at)],
      [texts.cancelledOn, order.cancelled_at && texts.day(order.cancelled_at)],
      [texts.expected, !isOver && expected && texts.day(expected)],
      [texts.parcel, parcel && `${parcel.carrier} ${parcel.tracking_number}`],
      [texts.lastSeen, !isOver && seen?.join(" · ")],
      [texts.shipTo, [address.line1, address.postcode, address.city].filter(Boolean).join(", ")],
      [texts.items, items.length && el("ul", items)],
      [texts.total, texts.money(order.total_cents, order.currency)],
    ]),
  );
}

function orderList(orders, texts) {
  const rows = orders.map((order) =>
    el(
      "li",
      el(
        "article",
        { "aria-label": `${texts.order} ${order.number}` },
        el("header", el("strong", order.number), badge(order.status, texts)),
        el("p.quiet", `${texts.day(order.ordered_at)} · ${texts.money(order.total_cents, order.currency)}`),
      ),
    ),
  );
  return el("ul.card.rows", { "aria-label": texts.orders }, rows);
}

/** Show a few products below each other, and more of them side by side. */
function productCards(products, chat) {
  const { texts } = chat;
  const isLong = products.length > MOST_IN_A_LIST;
  const cards = products.map((product) => {
    const name = (texts.language === "zh" && product.name_zh) || product.name;
    const price = texts.money(product.price_cents, product.currency);
    const ask = () => chat.press({ title: texts.tellMe(name) });
    return el(
      "li",
      el("strong", name),
      el("p.quiet", `${price} · ${product.n_in_stock > 0 ? texts.inStock : texts.soldOut}`),
      button("chip", texts.details, ask),
    );
  });
  const kind = isLong ? "ul.strip" : "ul.card.rows";
  const list = el(kind, { "aria-label": texts.products, tabindex: isLong ? 0 : null }, cards);
  if (!isLong) return list;
  const step = (direction) => () =>
    list.scrollBy({ left: direction * cards[0].offsetWidth });
  return el(
    "div.carousel",
    list,
    el(
      "div",
      button("round", texts.back, step(-1), BACK),
      button("round", texts.next, step(1), NEXT),
    ),
  );
}

/** Link to a help article; only paths of our own help pages become links. */
function articleCard({ title, heading, quote, url, language }, { texts, base }) {
  const lang = language === "zh" ? "zh-CN" : language;
  const name = el("span", { lang }, heading && heading !== title ? `${title} · ${heading}` : title);
  const isOurs = /^\/help\/[a-z]{2}\/[\w-]+(#[^\s]*)?$/.test(url ?? "");
  const link = isOurs && { href: new URL(url.slice(1), base).href, target: "_blank", rel: "noopener" };
  return el(
    "article.card",
    { "aria-label": `${texts.article} ${title}` },
    quote && el("p.quoted", { lang }, quote),
    el("p", `${texts.article} `, link ? el("a", link, name) : name),
  );
}
