/** Texts in the user's language. */
import { computed, signal } from "@preact/signals";
import type en from "../../messages/en.json";
import { loadModule } from "./modules.ts";

/** Keys of texts. */
export type TextKey = keyof typeof en;
/** Languages of the pages. */
export type Language = "en" | "fr" | "ar";
type Texts = Record<string, (data: Record<string, string | number>) => string>;

/** Modules made by the service from each file: functions by key. */
const LOADED: Record<Language, () => Promise<{ default: unknown }>> = {
  en: () => import("../../messages/en.json"),
  fr: () => import("../../messages/fr.json"),
  ar: () => import("../../messages/ar.json"),
};
/** The languages by their own names. */
export const LANGUAGES: readonly [Language, string][] = [
  ["en", "English"],
  ["fr", "Français"],
  ["ar", "العربية"],
];
const KEPT_AS = "desk.language";

/** The current language. */
export const language = signal<Language>("en");
const texts = signal<Texts>({});

/** For dates and numbers: Latin digits in every language, as in the hospital's forms. */
export const locale = computed(() => (language.value === "ar" ? "ar-u-nu-latn" : language.value === "en" ? "en-GB" : language.value));

/** A number in the form of the language. */
export const numberIn = (value: number, options?: Intl.NumberFormatOptions): string =>
  new Intl.NumberFormat(locale.value, options).format(value);

/** Letters that are written from right to left: Hebrew, Arabic and their presentation forms. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;
const isArabic = (): boolean => language.value === "ar";

/** The language in which a screen reader reads a name that the page's own voice cannot: Arabic letters on a page in Latin ones. */
export const spokenAs = (name: string): string | undefined => (!isArabic() && /[\u0600-\u06ff]/.test(name) ? "ar" : undefined);

/** Isolates a name or code, so that it keeps its direction and does not affect the words around it. */
export const isolated = (text: string): string => (isArabic() || RIGHT_TO_LEFT.test(text) ? `\u2068${text}\u2069` : text);

/**
 * Several texts in one line, each with its own direction, and in the order of the page's: also within an element whose direction is that of its first
 * letter. Empty ones are left out.
 */
export function joined(...parts: (string | false | undefined)[]): string {
  const [first = "", ...others] = parts.filter((part): part is string => typeof part === "string" && part !== "");
  if (others.length === 0) return first && isolated(first);
  const line = [first, ...others].map(isolated).join("\u00a0· ");
  return isArabic() ? `\u2067${line}\u2069` : RIGHT_TO_LEFT.test(line) ? `\u2066${line}\u2069` : line;
}

/** The sign between the items of a list. Intl.ListFormat would write the Arabic "and" in front of each item, also of a Latin name. */
const COMMAS: Record<Language, string> = { en: ", ", fr: ", ", ar: "، " };

/** Several names or codes as a list in the page's language, each with its own direction. Empty ones are left out. */
export const listed = (parts: readonly (string | false | undefined)[]): string =>
  parts
    .filter((part): part is string => typeof part === "string" && part !== "")
    .map(isolated)
    .join(COMMAS[language.value]);

/** A text; numbers in `data` select the plural form, `sex` that of the verb. */
export function t(key: TextKey, data: Record<string, string | number> = {}): string {
  const shown = Object.entries(data).map(([name, value]) => [name, typeof value === "string" && name !== "sex" ? isolated(value) : value]);
  return texts.value[key]?.(Object.fromEntries(shown) as Record<string, string | number>) ?? key;
}

/** A text followed by a colon, which languages write differently. */
export const leading = (key: TextKey): string => t("colon", { what: t(key) });

/** A text with a computed key; undefined if there is none. */
export const tIfAny = (key: string, data: Record<string, string | number> = {}): string | undefined => texts.value[key]?.(data);

/** Shows all pages in this language, and remembers it in this browser. @throws if its texts cannot be loaded */
export async function speak(chosen: Language): Promise<void> {
  texts.value = (await loadModule(LOADED[chosen])).default as Texts;
  language.value = chosen;
  document.documentElement.lang = chosen;
  document.documentElement.dir = chosen === "ar" ? "rtl" : "ltr";
  localStorage.setItem(KEPT_AS, chosen);
}

/** The language last chosen in this browser, else the first of the browser's languages that the pages have. */
export function firstLanguage(): Language {
  const wished = [localStorage.getItem(KEPT_AS) ?? "", ...navigator.languages].map((one) => one.slice(0, 2));
  return (wished.find((one) => one in LOADED) as Language | undefined) ?? "en";
}
