import { Readable } from "node:stream";
import { brotliCompressSync, constants, deflateSync, gzipSync } from "node:zlib";
import { MAX_BODY_BYTES, readBytes } from "./body.ts";
import { anybodyAt } from "./client-address.ts";
import { InFlight } from "./in-flight.ts";
import type { Received } from "./received.ts";

const brotli = (body: Buffer) =>
  brotliCompressSync(body, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 1, [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS },
  });
const ENCODINGS: [encoding: string, pack: (body: Buffer) => Buffer][] = [
  ["identity", (body) => body],
  ["gzip", gzipSync],
  ["deflate", deflateSync],
  ["br", brotli],
];

describe.each(ENCODINGS)("a body that comes as %s", (encoding, pack) => {
  let inFlight: InFlight;
  beforeEach(() => {
    inFlight = new InFlight();
  });
  afterEach(() => inFlight.stop());

  /** Of the only client of this process. */
  function requestWith(body: Buffer): Received {
    const chunks = Array.from({ length: Math.ceil(body.length / 65_536) }, (_, index) =>
      body.subarray(65_536 * index, 65_536 * (index + 1)),
    );
    const exchange = inFlight.open(anybodyAt("client"), { destroy: () => {}, writeContinue: () => {} } as never);
    return Object.assign(Readable.from(chunks, { objectMode: false }), {
      headers: { "content-encoding": encoding, "transfer-encoding": "chunked" },
      complete: true,
      exchange,
    }) as unknown as Received;
  }

  it("is not called too slow for the time that the gateway takes for it once it has arrived", async () => {
    const [arrived, awaited] = [true, false].map((complete) => Object.assign(requestWith(pack(Buffer.alloc(1_000, " "))), { complete }));
    const [taken, refused] = [readBytes(arrived as Received), readBytes(awaited as Received)];
    inFlight.sweep(performance.now() + 11_000);
    await expect(refused).rejects.toMatchObject({ code: 408, type: "REQUEST_TOO_SLOW" });
    expect((await taken).length).toBe(1_000);
  });

  it("is accepted up to the limit, and reserves the memory for its text; beyond it is refused as too large", async () => {
    const request = requestWith(pack(Buffer.alloc(MAX_BODY_BYTES, " ")));
    expect((await readBytes(request)).length).toBe(MAX_BODY_BYTES);
    expect(request.exchange?.held).toBe(2 * MAX_BODY_BYTES);
    inFlight.close(request.exchange as NonNullable<typeof request.exchange>);
    const larger = requestWith(pack(Buffer.alloc(MAX_BODY_BYTES + 1, " ")));
    await expect(readBytes(larger)).rejects.toMatchObject({ code: 413, type: "BODY_TOO_LARGE" });
  });
});
