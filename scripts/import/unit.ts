/** What is sent as one transaction: a bundle, or a group of NDJSON lines. */
import type { SourceFile } from "./files.ts";
import type { Entry } from "./once.ts";

/** Lines of one group. */
export const MAX_RESOURCES = 200;
/** Characters of the lines of one group; a longer line is a group by itself. */
export const MAX_CHARACTERS = 1_000_000;

/** What is sent as one transaction. */
export interface ImportUnit {
  file: SourceFile;
  kind: "bundle" | "group";
  /** Where each entry stands: the number of its line. Only of a group. */
  lines: number[];
  /** Of the file on the disk, for the progress. */
  bytes: number;
  /** A bundle is read when its turn comes. @throws Error for people */
  entries(): Promise<Entry[]>;
}
