/** The languages of the pages, and the choice among them. */
import ar from "./messages/ar.json" with { type: "json" };
import en from "./messages/en.json" with { type: "json" };
import fr from "./messages/fr.json" with { type: "json" };

/** Key of a text in the files of `messages`. */
export type PageMessage = keyof typeof en;

/** One language of the pages. */
export interface PageLanguage {
  code: "en" | "fr" | "ar";
  direction: "ltr" | "rtl";
  /** The text, with `{name}` filled in; values are not HTML. */
  say(message: PageMessage, values?: Record<string, string | number>): string;
}

const MESSAGES: Record<PageLanguage["code"], Record<PageMessage, string>> = { en, fr, ar };
/** Languages of one request that are examined. */
const MAX_WANTED = 20;

const languageOf = (code: PageLanguage["code"]): PageLanguage => ({
  code,
  direction: code === "ar" ? "rtl" : "ltr",
  say: (message, values = {}) => MESSAGES[code][message].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? "")),
});

const LANGUAGES = { en: languageOf("en"), fr: languageOf("fr"), ar: languageOf("ar") };

/**
 * @param uiLocales languages by preference, separated by spaces, as requested by the app (OpenID Connect Core, 3.1.2.1)
 * @param acceptLanguage the browser's header, which comes second
 */
export function languageFor(uiLocales: string | undefined, acceptLanguage: string | undefined): PageLanguage {
  const wanted = [...(uiLocales ?? "").split(" "), ...byQuality(acceptLanguage ?? "")].slice(0, MAX_WANTED);
  for (const one of wanted) {
    const code = one.toLowerCase().split("-", 1)[0];
    if (code === "en" || code === "fr" || code === "ar") return LANGUAGES[code];
  }
  return LANGUAGES.en;
}

/** The languages of an Accept-Language header, the most preferred first (RFC 9110, 12.5.4). */
function byQuality(header: string): string[] {
  return header
    .split(",")
    .slice(0, MAX_WANTED)
    .map((part) => {
      const [language = "", ...options] = part.split(";").map((it) => it.trim());
      const quality = Number(options.find((option) => option.startsWith("q="))?.slice(2) ?? 1);
      return { language, quality: Number.isFinite(quality) ? quality : 0 };
    })
    .filter(({ quality }) => quality > 0)
    .sort((one, other) => other.quality - one.quality)
    .map(({ language }) => language);
}
