/** The texts of the pages: ICU messages, by language, made into a module of functions. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

// Its type declarations are those of an ES module, which it is not.
const require = createRequire(import.meta.url);
const MessageFormat = require("@messageformat/core") as new (language: string) => object;
const compileModule = require("@messageformat/core/compile-module.js") as (format: object, messages: Record<string, string>) => string;

/** Languages of the pages. */
export const LANGUAGES = ["en", "fr", "ar"] as const;
/** One of `LANGUAGES`. */
export type Language = (typeof LANGUAGES)[number];

/** Messages by key. */
export function messagesOf(language: Language): Record<string, string> {
  return JSON.parse(readFileSync(join(import.meta.dirname, `../messages/${language}.json`), "utf8")) as Record<string, string>;
}

/** A module whose default export has a function for each key. @throws Error for an invalid ICU message */
export function messagesModule(language: Language): string {
  return compileModule(new MessageFormat(language), messagesOf(language));
}
