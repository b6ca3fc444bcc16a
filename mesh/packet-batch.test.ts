import fc from "fast-check";
import { packBatch, bytesInBatch, unpackBatch } from "./packet-batch.ts";

const packets = fc.array(
  fc.string({ maxLength: 300 }).map((text) => Buffer.from(`{"${text}`)),
  { minLength: 1, maxLength: 8 },
);

describe("packets sent together in one message", () => {
  it("arrive as they were sent, in their order", () => {
    fc.assert(
      fc.property(packets, (sent) => {
        const batch = packBatch(sent);
        expect([...unpackBatch(batch)]).toEqual(sent);
        expect(batch.length).toBe(sent.reduce((sum, packet) => sum + bytesInBatch(packet), 1));
      }),
    );
  });

  it.each([Buffer.from('{"ver":"5"}'), Buffer.from([0, 2, 0, 0, 0, 123, 125]), Buffer.alloc(0)])(
    "are not seen in a lone packet",
    (packet) => {
      expect([...unpackBatch(packet)]).toEqual([packet]);
    },
  );

  it("are delivered up to where the message was truncated, and none is made up", () => {
    fc.assert(
      fc.property(packets, fc.nat(3_000), (sent, cut) => {
        const arrived = [...unpackBatch(packBatch(sent).subarray(0, 1 + cut))];
        expect(arrived).toEqual(sent.slice(0, arrived.length));
      }),
    );
  });
});
