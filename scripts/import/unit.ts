/** A unit of an import, sent as one transaction: a bundle, or a group of NDJSON lines. */
import type { SourceFile } from "./files.ts";
import type { Entry } from "./once.ts";

/** Lines of one group. */
export const MAX_RESOURCES = 200;
/** Characters of one group's lines; a longer line is a group of its own. */
export const MAX_CHARACTERS = 1_000_000;

/** A unit of an import, sent as one transaction. */
export interface ImportUnit {
  file: SourceFile;
  kind: "bundle" | "group";
  /** For a group: the line number of each entry. */
  lines: number[];
  /** Bytes of the file on the disk, for the progress. */
  bytes: number;
  /** Reads the entries, a bundle's when its turn comes. @throws Error for people */
  entries(): Promise<Entry[]>;
}
