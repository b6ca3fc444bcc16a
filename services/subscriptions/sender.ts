/** Sends notifications: to addresses that are checked when connecting, a limited number at once, with a time limit. */
import { lookup as resolve } from "node:dns";
import http from "node:http";
import https from "node:https";
import { type BlockList, isIP, type LookupFunction } from "node:net";
import { refuseUnreachable } from "./addresses.ts";

/** Concurrent requests; further ones wait. */
const MAX_AT_ONCE = 32;
/** The same to one host: a quarter is left for others while one does not answer. */
const MAX_OF_HOST = 24;
/** Time limit from the connection to the end of the answer, milliseconds. */
const ANSWER_MS = 10_000;

/** One notification. */
export interface Notification {
  method: "POST" | "PUT";
  url: URL;
  headers: Record<string, string>;
  body?: string;
}

/** A notification that waits for its turn. */
interface Waiting {
  host: string;
  enter: () => void;
}

/** Sends notifications of one node. */
export class Sender {
  readonly #allowed: BlockList | undefined;
  /** In order of arrival; bounded by the events that are handled at once (`mixins/events/relay.ts`). */
  readonly #waiting: Waiting[] = [];
  readonly #closing = new AbortController();
  #running = 0;
  /** Running requests by host, of those that have any. */
  readonly #runningAt = new Map<string, number>();

  /** @param allowed networks of the hospital to which notifications may be sent */
  constructor(allowed?: BlockList) {
    this.#allowed = allowed;
  }

  /** Resolves when the endpoint has answered 2xx. @throws Error with a sentence for the client: any other answer, including redirects, or none */
  async send(notification: Notification): Promise<void> {
    const { host } = notification.url;
    if (this.#hasRoom(host)) this.#count(host, 1);
    else await new Promise<void>((enter) => this.#waiting.push({ host, enter }));
    try {
      await this.#sendNow(notification);
    } finally {
      this.#count(host, -1);
      this.#next();
    }
  }

  /** Aborts running requests. */
  close(): void {
    this.#closing.abort();
  }

  #hasRoom(host: string): boolean {
    return this.#running < MAX_AT_ONCE && this.#at(host) < MAX_OF_HOST;
  }

  #at(host: string): number {
    return this.#runningAt.get(host) ?? 0;
  }

  #count(host: string, change: 1 | -1): void {
    this.#running += change;
    const left = this.#at(host) + change;
    if (left > 0) this.#runningAt.set(host, left);
    else this.#runningAt.delete(host);
  }

  /** Begins the first waiting request to the host with the fewest running ones. */
  #next(): void {
    let next: Waiting | undefined;
    for (const one of this.#waiting) {
      if (this.#hasRoom(one.host) && (!next || this.#at(one.host) < this.#at(next.host))) next = one;
    }
    if (!next) return;
    this.#waiting.splice(this.#waiting.indexOf(next), 1);
    this.#count(next.host, 1);
    next.enter();
  }

  #sendNow({ method, url, headers, body }: Notification): Promise<void> {
    const isEncrypted = url.protocol === "https:";
    const host = url.hostname.replace(/^\[|\]$/g, "");
    // An IP address is not looked up, so that `lookup` below would not check it.
    if (isIP(host)) refuseUnreachable([{ address: host, family: isIP(host) }], isEncrypted, this.#allowed);
    const signal = AbortSignal.any([AbortSignal.timeout(ANSWER_MS), this.#closing.signal]);
    const options = {
      method,
      signal,
      agent: false,
      lookup: this.#lookup(isEncrypted),
      headers: { ...headers, "Content-Length": Buffer.byteLength(body ?? "") },
    };
    return new Promise((done, fail) => {
      const request = (isEncrypted ? https : http).request(url, options, (answer) => {
        answer.destroy(); // only the status is read
        const { statusCode = 0 } = answer;
        if (statusCode >= 200 && statusCode < 300) done();
        else {
          fail(
            new Error(`The endpoint answered ${statusCode}${statusCode >= 300 && statusCode < 400 ? ": redirects are not followed" : ""}.`),
          );
        }
      });
      request.on("error", (error: NodeJS.ErrnoException) =>
        fail(signal.aborted ? new Error(`The endpoint did not answer within ${ANSWER_MS / 1000} s.`) : readable(error)),
      );
      request.on("upgrade", (answer, socket) => {
        socket.destroy();
        fail(new Error(`The endpoint answered ${answer.statusCode}: the protocol is not changed.`));
      });
      // However it ends: otherwise the request's slot would never be free again.
      request.on("close", () => fail(new Error("The endpoint closed the connection without an answer.")));
      request.end(body);
    });
  }

  /** Resolves names, so that the address that is used is the one that was checked. */
  #lookup(isEncrypted: boolean): LookupFunction {
    return (hostname, { all, ...options }, callback) => {
      resolve(hostname, { ...options, all: true }, (error, addresses) => {
        try {
          if (error) throw error;
          refuseUnreachable(addresses, isEncrypted, this.#allowed);
        } catch (refusal) {
          callback(refusal as NodeJS.ErrnoException, "", 4);
          return;
        }
        const [first] = addresses;
        if (all) callback(null, addresses as never);
        else callback(null, first?.address ?? "", first?.family);
      });
    };
  }
}

/** The error without details that might reveal addresses inside the hospital. */
function readable(error: NodeJS.ErrnoException): Error {
  return error.code === undefined ? error : new Error(`The endpoint cannot be reached (${error.code}).`);
}
