/** Parses times of day as people type them: 830, 8:30, 8h30, 8.30, 2 pm, ٨:٣٠. */
import { plainTyped } from "../../../../fhir/plain-digits.ts";

/** Hours, minutes, and am or pm; in Arabic ص and م. */
const TYPED = /^(\d{1,2}?)\s*(?:[:.,h٫]\s*(\d{2})|h|(\d{2}))?\s*(?:(a|p)\.?\s?m\.?|([صم]))?$/i;

/** The time that is meant, HH:MM (24 hours). Undefined if it cannot be parsed. */
export function timeIn(text: string): string | undefined {
  const [, hours, apart, joined, half, arabicHalf] = TYPED.exec(plainTyped(text)) ?? [];
  if (hours === undefined) return undefined;
  const typed = Number(hours);
  const isHalved = half !== undefined || arabicHalf !== undefined;
  if (isHalved && (typed < 1 || typed > 12)) return undefined;
  const isAfternoon = half?.toLowerCase() === "p" || arabicHalf === "م";
  const hour = isHalved ? (typed % 12) + (isAfternoon ? 12 : 0) : typed;
  const minute = Number(apart ?? joined ?? 0);
  if (hour > 23 || minute > 59) return undefined;
  return [hour, minute].map((part) => `${part}`.padStart(2, "0")).join(":");
}
