/** Finds the files of an import, and reads them as streams, in bounded memory. */
import { createReadStream, type Dirent, type ReadStream, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { StartupError } from "../start/startup-error.ts";

/** Longest bundle and longest line, decompressed, bytes: the gateway's limit of a body. */
const MAX_BYTES = 32 * 1024 * 1024;

/** A file to import. */
export interface SourceFile {
  path: string;
  kind: "bundle" | "ndjson";
  /** Size on the disk. */
  bytes: number;
}

/**
 * The given files, and those in the given folders, in order of their names, without duplicates.
 * @throws StartupError that names a path that does not exist, or contains nothing to import
 */
export function filesIn(paths: string[]): SourceFile[] {
  const files = new Map(paths.flatMap((path) => under(path)).map((file) => [file.path, file]));
  if (files.size === 0) throw new StartupError(`There is no .json, .json.gz, .ndjson or .ndjson.gz file in ${paths.join(", ")}.`);
  return [...files.values()];
}

function under(path: string): SourceFile[] {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) throw new StartupError(`${path} does not exist.`);
  if (!stats.isDirectory()) {
    const file = sourceFile(path);
    if (!file) throw new StartupError(`${path} is no .json, .json.gz, .ndjson or .ndjson.gz file.`);
    return [file];
  }
  const entries = readdirSync(path, { withFileTypes: true }).sort((a: Dirent, b: Dirent) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const inside = join(path, entry.name);
    if (entry.isDirectory()) return under(inside);
    return sourceFile(inside) ?? [];
  });
}

function sourceFile(path: string): SourceFile | undefined {
  const kind = /\.ndjson(\.gz)?$/i.test(path) ? "ndjson" : /\.json(\.gz)?$/i.test(path) ? "bundle" : undefined;
  return kind && { path, kind, bytes: statSync(path).size };
}

/** @throws Error for people: too large, not UTF-8, truncated */
export async function textOf(path: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of open(path).content) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error(`it is larger than ${MAX_BYTES / 1024 / 1024} MB: split it, or make it NDJSON`);
    chunks.push(chunk);
  }
  return decode(Buffer.concat(chunks, bytes));
}

/** One line of an NDJSON file. */
export interface Line {
  /** From 1. */
  number: number;
  text: string;
  /** Bytes of the file read so far, as on the disk. */
  bytesRead: number;
}

/** The lines that are not empty. @throws Error for people: a line too long, not UTF-8, truncated */
export async function* linesOf(path: string): AsyncGenerator<Line> {
  const { content, raw } = open(path);
  let parts: Buffer[] = [];
  let bytes = 0;
  let number = 0;
  const take = (end: Buffer): Line | undefined => {
    number += 1;
    const text = decode(Buffer.concat([...parts, end])).trim();
    parts = [];
    bytes = 0;
    return text === "" ? undefined : { number, text, bytesRead: raw.bytesRead };
  };
  for await (const chunk of content) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      const line = take(chunk.subarray(start, end));
      if (line) yield line;
      start = end + 1;
    }
    const rest = chunk.subarray(start);
    bytes += rest.length;
    if (bytes > MAX_BYTES) throw new Error(`line ${number + 1} is longer than ${MAX_BYTES / 1024 / 1024} MB`);
    if (rest.length > 0) parts.push(rest);
  }
  const last = take(Buffer.alloc(0));
  if (last) yield last;
}

function open(path: string): { raw: ReadStream; content: AsyncIterable<Buffer> } {
  const raw = createReadStream(path);
  if (!/\.gz$/i.test(path)) return { raw, content: raw };
  const content = createGunzip();
  pipeline(raw, content, () => {}); // the reader of `content` gets the error
  return { raw, content };
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new Error("it is not UTF-8");
  }
}
