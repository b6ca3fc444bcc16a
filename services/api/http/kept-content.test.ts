import type { IncomingMessage } from "node:http";
import { gunzipSync } from "node:zlib";
import { KeptContent } from "./kept-content.ts";

describe("a text that is sent again and again", () => {
  const asked = (encoding?: string) => ({ headers: { ...(encoding !== undefined && { "accept-encoding": encoding }) } }) as IncomingMessage;
  const headers = { "Content-Type": "text/plain" };
  const long = "ward ".repeat(2_000);

  it("is compressed once, for all who accept that", async () => {
    const content = new KeptContent(long);
    const [one, two] = await Promise.all([content.answer(asked("gzip, br"), headers), content.answer(asked("gzip"), headers)]);
    expect(one).toMatchObject({ status: 200, headers: { ...headers, "Content-Encoding": "gzip" } });
    expect(gunzipSync(one.bytes as Buffer).toString()).toBe(long);
    expect(two.bytes).toBe(one.bytes);
  });

  it.each([undefined, "br", "gzip;q=0"])("is sent as it is to those who do not accept it (%s)", async (encoding) => {
    const content = new KeptContent(long);
    const answer = await content.answer(asked(encoding), headers);
    expect([answer.headers, answer.bytes?.toString()]).toEqual([headers, long]);
    expect((await content.answer(asked(encoding), headers)).bytes).toBe(answer.bytes);
  });

  it("is not compressed if it is short", async () => {
    expect(await new KeptContent("ward").answer(asked("gzip"), headers)).toEqual({ status: 200, headers, bytes: Buffer.from("ward") });
  });
});
