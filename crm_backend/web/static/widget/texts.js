/* The words of one language, and how it writes numbers, money and dates. */

/** Load the words and the formats of a language tag. */
export async function loadTexts(tag) {
  const isChinese = tag.toLowerCase().startsWith("zh");
  const { words } = await import(isChinese ? "./texts.zh.js" : "./texts.en.js");
  const htmlLang = isChinese ? "zh-CN" : "en";
  // The reader's own habits, where they are of the same language: 22 Nov or Nov 22.
  const locale = navigator.languages.find((l) => l.startsWith(htmlLang.slice(0, 2))) ?? htmlLang;
  const format = (value, options) => {
    // A date without a time is the same day everywhere.
    const zone = value.length === 10 ? { timeZone: "UTC" } : {};
    return new Intl.DateTimeFormat(locale, { ...options, ...zone }).format(new Date(value));
  };
  return {
    ...words,
    language: isChinese ? "zh" : "en",
    htmlLang,
    number: (n) => new Intl.NumberFormat(locale).format(n),
    percent: (p) =>
      new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 }).format(p),
    money: (cents, currency) =>
      new Intl.NumberFormat(locale, { style: "currency", currency }).format(cents / 100),
    day: (value) => format(value, { dateStyle: "medium" }),
    time: (value) => format(value, { timeStyle: "short" }),
  };
}
