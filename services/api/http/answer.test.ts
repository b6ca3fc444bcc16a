import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { type Answer, send } from "./answer.ts";
import { anybodyAt } from "./client-address.ts";
import type { Exchange } from "./http-exchange.ts";
import { InFlight } from "./in-flight.ts";
import type { Received } from "./received.ts";

const MB = 1024 * 1024;
const LIMITS = { requests: 9, clientRequests: 9, addressRequests: 9, bytes: 20 * MB, clientBytes: 20 * MB, addressBytes: 20 * MB };

describe("an answer that is sent", () => {
  let inFlight: InFlight;
  let server: Server;
  let answer: Answer;
  let begun: () => void;
  let closed: Promise<unknown>;
  beforeEach(async () => {
    inFlight = new InFlight(LIMITS);
    server = createServer((request: Received, response) => {
      const exchange = inFlight.open(anybodyAt("a"), response) as Exchange;
      request.exchange = exchange;
      response.once("close", () => inFlight.close(exchange));
      closed = once(response, "close");
      send(request, response, answer).catch(() => response.destroy());
      begun();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  afterEach(() => {
    inFlight.stop();
    server.close();
  });

  const other = () =>
    inFlight.open(anybodyAt("b"), { destroy: () => {}, writeContinue: () => {} } as unknown as ServerResponse) as Exchange;
  /** Asks for the answer. @returns once it is being compressed or sent */
  async function ask(encoding = "gzip"): Promise<{ arriving: Promise<IncomingMessage>; leave: () => void }> {
    const started = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const { port } = server.address() as AddressInfo;
    const request = get({ port, host: "127.0.0.1", headers: { "Accept-Encoding": encoding } });
    const arriving = once(request, "response").then(([response]) => response as IncomingMessage);
    arriving.catch(() => {});
    await started;
    return { arriving, leave: () => request.destroy() };
  }

  const parts = () => Array.from({ length: 4 }, (_, index) => randomBytes(4 * MB + index));

  it.each(["gzip", "identity"])("in several parts arrives whole, with Accept-Encoding: %s", async (encoding) => {
    answer = { status: 200, bytes: parts() };
    const arrived = await (await ask(encoding)).arriving;
    const bytes = await buffer(arrived);
    expect([arrived.headers["content-encoding"], arrived.headers["content-length"]]).toEqual([
      encoding === "gzip" ? "gzip" : undefined,
      String(bytes.length),
    ]);
    expect((encoding === "gzip" ? gunzipSync(bytes) : bytes).equals(Buffer.concat(answer.bytes as Buffer[]))).toBe(true);
  });

  it.each([
    ["in parts", (): Partial<Answer> => ({ bytes: parts().slice(0, 2) })],
    ["as a text", (): Partial<Answer> => ({ body: randomBytes(6 * MB).toString("base64") })],
  ])("%s does not give way to others while it is being compressed, as its reader could not take anything yet", async (_, content) => {
    answer = { status: 200, ...content() };
    const { arriving } = await ask();
    other().hold(11 * MB);
    expect(() => other().hold(1.9 * MB)).toThrow(expect.objectContaining({ code: 503, type: "OVERLOADED" }));
    expect((await buffer(await arriving)).length).toBeGreaterThan(4 * MB);
  });

  it("keeps its memory counted while it is being compressed for a client that has left", async () => {
    answer = { status: 200, body: randomBytes(6 * MB).toString("base64") };
    const { leave } = await ask();
    leave();
    await closed;
    expect([inFlight.requests, inFlight.bytes]).toEqual([1, 8 * MB]);
    while (inFlight.requests > 0) await new Promise(setImmediate);
    expect(inFlight.bytes).toBe(0);
  });
});
