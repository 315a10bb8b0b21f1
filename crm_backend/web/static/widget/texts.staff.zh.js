/* What only colleagues read, in Chinese; texts.staff.en.js has the same keys. */

export const staffWords = {
  problems: {
    unauthenticated: "请重新登录。",
    session_expired: "请重新登录。",
    forbidden: "请重新登录。",
  },
  title: "查询客户",
  hello: "请输入客户的姓名、邮箱或编号，我可以告诉您他们买过什么，以及再次购买的可能性。",
  starters: ["最有可能购买的客户是谁？", "上周销售怎么样？", "我有哪些任务？"],
  prediction: "购买可能性",
  band: { likely: "很可能购买", average: "接近平均水平", unlikely: "不太可能购买" },
  within: (days) => `${days} 天内`,
  average: (p) => `客户平均水平：${p}`,
  reasonsFor: "有利因素",
  reasonsAgainst: "不利因素",
  asOf: "数据截至",
  predictor: "预测器",
  basis: "训练样本",
  examples: (n) => `${n} 条`,
  estimate: "这是一个估计值。",
  noData: "数据不足",
  charts: {
    report: "每日销售额",
    leaderboard: "销售排行榜",
    forecast: "销售预测",
    campaign: "营销活动",
    tasks: "任务",
  },
  openPage: (title) => `打开页面：${title}`,
};
