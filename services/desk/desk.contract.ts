import { action } from "../../mesh/contract.ts";

/** How a file is packed for its way: some are too large for a message as they are. */
export const Packing = { br: "br", gzip: "gzip" } as const;
export type Packing = (typeof Packing)[keyof typeof Packing];

/** A file of the pages, as it goes to a browser. */
export interface PageFile {
  /** Its media type. */
  type: string;
  /** Of its content. */
  etag: string;
  /** Its address has its hash in it: it never changes. */
  isImmutable: boolean;
  /** Its bytes, packed as it was asked for. */
  base64: string;
}

/** Everything that other services may know about `desk`. */
export const desk = {
  /** A file by its path behind `/desk`; null: there is none. `/` is the document that all pages are made in. */
  file: action<{ path: string; packing: Packing }, PageFile | null>("desk.file"),
};
