/** Parses a date of birth as people write it: 8/3/1951, 8 March 1951, a month as 3/1951, a year, an age; with Arabic digits too. */
import { plainTyped } from "../../../../fhir/plain-digits.ts";

/** Limit of ages; older people's years of birth are typed. */
const OLDEST_YEARS = 120;

const padded = (number: string): string => number.padStart(2, "0");

/** Names of each month in the languages of the pages; in Arabic those of Egypt, the Maghreb and the Levant. */
const MONTHS = [
  "january janvier يناير جانفي كانون_الثاني",
  "february fevrier فبراير فيفري شباط",
  "march mars مارس اذار",
  "april avril ابريل افريل نيسان",
  "may mai مايو ماي ايار",
  "june juin يونيو جوان حزيران",
  "july juillet يوليو جويلية يوليوز تموز",
  "august aout اغسطس اوت غشت اب",
  "september septembre سبتمبر شتنبر ايلول",
  "october octobre اكتوبر تشرين_الاول",
  "november novembre نوفمبر نونبر تشرين_الثاني",
  "december decembre ديسمبر دجنبر كانون_الاول",
].map((names) => names.split(" "));
/** Number of letters from which the start of a month's name is unambiguous: mar, sept, juil. */
const ENOUGH = 3;

/** Without accents, hamzas and capitals. */
/** The text in lower case, without accents and hamzas. */
export const plainLetters = (text: string): string => text.normalize("NFD").replaceAll(/\p{M}/gu, "").toLowerCase();

/** Number of the month, two digits, that a word names; undefined if none, or several. */
function monthNamed(word: string): string | undefined {
  const found = MONTHS.findIndex((names) => names.includes(word));
  if (found >= 0) return padded(`${found + 1}`);
  const begun = MONTHS.flatMap((names, index) => (names.some((name) => /^[a-z]/.test(name) && name.startsWith(word)) ? [index + 1] : []));
  return word.length >= ENOUGH && begun.length === 1 ? padded(`${begun[0]}`) : undefined;
}

/** The text with months as numbers, after the day. */
function withoutNames(text: string): string {
  const words = plainLetters(text)
    .replaceAll(/(كانون|تشرين) (?=ال)/g, "$1_")
    .split(/[\s,.]+/)
    .map((word) => word.replace(/^(\d{1,2})(?:er|st|nd|rd|th)$/, "$1"));
  const months = words.flatMap((word) => monthNamed(word) ?? []);
  const [day, year, ...more] = words.filter((word) => word !== "" && monthNamed(word) === undefined).sort((a, b) => a.length - b.length);
  if (months.length !== 1 || more.length > 0) return text;
  return [...(year === undefined ? [] : [day]), months[0], year ?? day].join("/");
}

function isReal(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/**
 * The FHIR date (day, month or year) that is meant; undefined if it cannot be parsed. The day comes before the month, as in all languages of the pages.
 * @param today YYYY-MM-DD
 */
export function birthDateIn(text: string, today: string): string | undefined {
  const plain = plainTyped(text);
  if (/^\d{1,3}$/.test(plain)) {
    return Number(plain) <= OLDEST_YEARS ? `${Number(today.slice(0, 4)) - Number(plain)}` : undefined;
  }
  const parts = (/\p{L}/u.test(plain) ? withoutNames(plain) : plain).split(/\s*[/.\-,]\s*|\s+/);
  const [year = "", month = "1", day = "1"] = parts[0]?.length === 4 ? parts : parts.toReversed();
  const isRead = parts.length <= 3 && parts.every((part) => /^\d{1,4}$/.test(part)) && /^\d{4}$/.test(year);
  if (!isRead || !isReal(Number(year), Number(month), Number(day))) return undefined;
  return [year, ...[month, day].slice(0, parts.length - 1).map(padded)].join("-");
}

/** Words of a date: day, month, year. */
const MAX_WORDS = 4; // 8 كانون الثاني 1951

/**
 * Splits a patient search into a date of birth, with its year, and the other words.
 * @param today YYYY-MM-DD
 */
export function lookedFor(text: string, today: string): { date?: string; words: string[] } {
  const words = text.trim().split(/\s+/).filter(Boolean);
  for (let length = Math.min(MAX_WORDS, words.length); length > 0; length -= 1) {
    for (let from = 0; from + length <= words.length; from += 1) {
      const said = words.slice(from, from + length).join(" ");
      const date = /\d{4}/.test(plainTyped(said)) ? birthDateIn(said, today) : undefined; // not an age
      const isPast = date !== undefined && date <= today && Number(date.slice(0, 4)) >= Number(today.slice(0, 4)) - OLDEST_YEARS;
      if (isPast) return { date, words: words.toSpliced(from, length) };
    }
  }
  return { words };
}
