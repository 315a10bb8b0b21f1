/* The words of one language, and how it writes numbers, money and dates. */

const WORDS = {
  en: () => import("./texts.en.js"),
  zh: () => import("./texts.zh.js"),
};

const STAFF_WORDS = {
  en: () => import("./texts.staff.en.js"),
  zh: () => import("./texts.staff.zh.js"),
};

/** Load the words and the formats of a language tag. */
export async function loadTexts(tag, isStaff) {
  const language = tag.toLowerCase().startsWith("zh") ? "zh" : "en";
  const htmlLang = language === "zh" ? "zh-CN" : "en";
  const { words } = await WORDS[language]();
  const { staffWords } = isStaff ? await STAFF_WORDS[language]() : {};
  // The reader's own habits, where they are of the same language: 22 Nov or Nov 22.
  const locale = navigator.languages.find((l) => l.startsWith(language)) ?? htmlLang;
  const number = (n, options) => new Intl.NumberFormat(locale, options).format(n);
  const date = (value, options) => {
    // A date without a time is the same day everywhere.
    const zone = value.length === 10 ? { timeZone: "UTC" } : {};
    return new Intl.DateTimeFormat(locale, { ...options, ...zone }).format(new Date(value));
  };
  const isToday = (value) => new Date(value).toDateString() === new Date().toDateString();
  const moment = (value) => date(value, { dateStyle: "medium", timeStyle: "short" });
  return {
    ...words,
    ...staffWords,
    language,
    htmlLang,
    number,
    date,
    moment,
    time: (value) => (isToday(value) ? date(value, { timeStyle: "short" }) : moment(value)),
  };
}
