/** Texts in the language of the person who reads them. */
import { computed, signal } from "@preact/signals";
import type en from "../../messages/en.json";

/** Names of texts. */
export type TextKey = keyof typeof en;
/** Languages of the pages. */
export type Language = "en" | "fr" | "ar";
type Texts = Record<string, (data: Record<string, string | number>) => string>;

/** What the service makes of each file: functions. */
const LOADED: Record<Language, () => Promise<{ default: unknown }>> = {
  en: () => import("../../messages/en.json"),
  fr: () => import("../../messages/fr.json"),
  ar: () => import("../../messages/ar.json"),
};
/** As each language calls itself. */
export const LANGUAGES: readonly [Language, string][] = [
  ["en", "English"],
  ["fr", "Français"],
  ["ar", "العربية"],
];
const KEPT_AS = "desk.language";

/** The one that is shown. */
export const language = signal<Language>("en");
const texts = signal<Texts>({});

/** For dates and numbers: the hospital's forms have Latin digits in every language. */
export const locale = computed(() => (language.value === "ar" ? "ar-u-nu-latn" : language.value === "en" ? "en-GB" : language.value));

/** A name or a code between words of another direction keeps its own, and does not turn those around it. */
export const isolated = (text: string): string => (language.value === "ar" ? `\u2068${text}\u2069` : text);

/** Several in one line, each with its own direction. */
export const joined = (...parts: string[]): string => parts.filter(Boolean).map(isolated).join(" · ");

/** A text; numbers in `data` choose its plural form, `sex` that of the verb. */
export function t(key: TextKey, data: Record<string, string | number> = {}): string {
  const shown = Object.entries(data).map(([name, value]) => [name, typeof value === "string" && name !== "sex" ? isolated(value) : value]);
  return texts.value[key]?.(Object.fromEntries(shown) as Record<string, string | number>) ?? key;
}

/** A text with what follows it: each language has its own way to write the colon. */
export const leading = (key: TextKey): string => t("colon", { what: t(key) });

/** A text whose name is made up; undefined: there is none. */
export const tIfAny = (key: string, data: Record<string, string | number> = {}): string | undefined => texts.value[key]?.(data);

/** Shows all pages in this language, from now on in this browser too. */
export async function speak(chosen: Language): Promise<void> {
  texts.value = (await LOADED[chosen]()).default as Texts;
  language.value = chosen;
  document.documentElement.lang = chosen;
  document.documentElement.dir = chosen === "ar" ? "rtl" : "ltr";
  localStorage.setItem(KEPT_AS, chosen);
}

/** What was chosen before in this browser, else the first of the browser's languages that the pages speak. */
export function firstLanguage(): Language {
  const wished = [localStorage.getItem(KEPT_AS) ?? "", ...navigator.languages].map((one) => one.slice(0, 2));
  return (wished.find((one) => one in LOADED) as Language | undefined) ?? "en";
}
