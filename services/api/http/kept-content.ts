/** Content that is sent again and again: encoded once, and compressed once. */
import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { type Answer, acceptsGzip, COMPRESS_FROM } from "./answer.ts";

const compress = promisify(gzip);

/** A text whose answers share their bytes, so that many requests for it cost no more than sending them. */
export class KeptContent {
  readonly #bytes: Buffer;
  #packed: Promise<Buffer> | undefined;

  constructor(text: string) {
    this.#bytes = Buffer.from(text);
  }

  /** The answer 200 to a request, compressed if the client accepts it. */
  async answer(request: IncomingMessage, headers: Record<string, string>): Promise<Answer> {
    if (this.#bytes.length < COMPRESS_FROM || !acceptsGzip(request)) return { status: 200, headers, bytes: this.#bytes };
    this.#packed ??= compress(this.#bytes).catch((error: unknown) => {
      this.#packed = undefined; // the next request tries again
      throw error;
    });
    return { status: 200, headers: { ...headers, "Content-Encoding": "gzip" }, bytes: await this.#packed };
  }
}
