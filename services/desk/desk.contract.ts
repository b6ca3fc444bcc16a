import { action } from "../../mesh/contract.ts";

/** How a file is compressed for transport: some are too large for a message otherwise. */
export const Packing = { br: "br", gzip: "gzip" } as const;
export type Packing = (typeof Packing)[keyof typeof Packing];

/** A file of the pages, for browsers. */
export interface PageFile {
  /** Its media type. */
  type: string;
  /** ETag of its content. */
  etag: string;
  /** Its path contains a hash of its content: it never changes. */
  isImmutable: boolean;
  /** Its bytes, compressed as requested. */
  base64: string;
}

/** The contract of `desk` for other services. */
export const desk = {
  /** A file by its path behind `/desk`; null if there is none. `/` is the document of all pages. */
  file: action<{ path: string; packing: Packing }, PageFile | null>("desk.file"),
};
