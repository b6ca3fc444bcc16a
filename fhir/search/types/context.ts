/** What the meaning of a value that is searched for depends on. */
import type { DateReading } from "./date.ts";

/** What the meaning of a value depends on beside itself. */
export interface Context {
  /** The server's base URL without a slash at its end; "" when it has none. */
  base: string;
  /** All base URLs that it is known by, this one among them. */
  bases: readonly string[];
  /** Milliseconds since 1970. */
  now: number;
  /** How `ge` and `le` take periods; default: as R4's letter. */
  dates?: DateReading;
}
