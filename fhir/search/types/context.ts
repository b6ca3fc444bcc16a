/** The context on which the meaning of a search value depends. */
import type { DateReading } from "./date.ts";

/** Settings and time on which the meaning of a search value depends. */
export interface Context {
  /** The server's base URL without a slash at its end; "" when it has none. */
  base: string;
  /** All base URLs under which it is known, including this one. */
  bases: readonly string[];
  /** Milliseconds since 1970. */
  now: number;
  /** How `ge` and `le` compare periods; default: R4's letter. */
  dates?: DateReading;
}
