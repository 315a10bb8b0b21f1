/* What only colleagues read, in English; texts.staff.zh.js has the same keys. */

export const staffWords = {
  problems: {
    unauthenticated: "Please sign in again.",
    session_expired: "Please sign in again.",
    forbidden: "Please sign in again.",
  },
  title: "Ask about customers",
  hello:
    "Ask me about a customer by name, e-mail or number: what they bought, and how likely they are to buy again.",
  starters: ["Who are the top prospects?", "How did last week go?", "What are my tasks?"],
  prediction: "Likely to buy?",
  band: { likely: "Likely to buy", average: "About average", unlikely: "Unlikely to buy" },
  within: (days) => `within ${days} days`,
  average: (p) => `The average customer: ${p}`,
  reasonsFor: "Speaks for it",
  reasonsAgainst: "Speaks against it",
  asOf: "As of",
  predictor: "Predictor",
  basis: "Learned from",
  examples: (n) => `${n} examples`,
  estimate: "This is an estimate.",
  noData: "Not enough data",
  charts: {
    report: "Sales per day",
    leaderboard: "Leaderboard",
    forecast: "Sales forecast",
    campaign: "Campaigns",
    tasks: "Tasks",
  },
  openPage: (title) => `Open the page: ${title}`,
};
