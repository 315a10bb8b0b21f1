/* Charts as pictures, with the page that says more: loaded for colleagues alone. */

import { el } from "./elements.js";

/* The picture of a chart, if it has one, and its page; nothing else can be named. */
const PLACES = {
  report: { picture: "report", page: "report" },
  leaderboard: { picture: "leaderboard", page: "leaderboard" },
  forecast: { picture: "forecast", page: "forecast" },
  campaign: { picture: "campaign", page: "campaigns" },
  tasks: { page: "tasks" },
};

export function buildChart({ of, query }, { texts, base }) {
  const place = Object.hasOwn(PLACES, of) ? PLACES[of] : null;
  if (!place) return "";
  const title = texts.charts[of];
  const asked = /^[\w=&-]+$/.test(query ?? "") ? query : "";
  const picture = new URL(`sales/charts/${place.picture}.svg?${asked}`, base);
  picture.searchParams.set("lang", texts.language);
  const page = new URL(`sales/${place.page}${asked && `?${asked}`}`, base);
  const image =
    place.picture &&
    el("img.chart", {
      src: picture.href,
      alt: title,
      // Without a picture the words above and the page say the same.
      error: (event) => event.target.remove(),
    });
  return el(
    "article.card",
    { "aria-label": title },
    image,
    el("p", el("a", { href: page.href, target: "_blank", rel: "noopener" }, texts.openPage(title))),
  );
}
