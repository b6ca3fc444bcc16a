import { Duplex } from "node:stream";
import { refuseMalformed } from "./server.ts";

describe("data that is not HTTP", () => {
  const socket = (answering?: { headersSent: boolean }) => {
    const written: string[] = [];
    const made = new Duplex({
      read() {},
      write(chunk: Buffer, _, done) {
        written.push(chunk.toString());
        done();
      },
    });
    return { written, made: Object.assign(made, { _httpMessage: answering }) };
  };
  const fault = Object.assign(new Error("Parse Error"), { code: "HPE_INVALID_METHOD" });

  it.each([undefined, { headersSent: false }])("is answered 400 where no answer is under way (%j)", (answering) => {
    const { written, made } = socket(answering);
    refuseMalformed(fault, made);
    expect(written.join("")).toMatch(
      /^HTTP\/1.1 400 Bad Request\r\n.*\r\nVary: Authorization, Accept, Accept-Encoding\r\n.*OperationOutcome/s,
    );
    expect(written.join("")).not.toContain("Strict-Transport-Security");
  });

  it("is answered in the same way over TLS", () => {
    const { written, made } = socket();
    refuseMalformed(fault, Object.assign(made, { encrypted: true }));
    expect(written.join("")).toContain("\r\nStrict-Transport-Security: max-age=31536000\r\n");
  });

  it("during an answer ends the connection, so that the refusal is not appended to that answer", () => {
    const { written, made } = socket({ headersSent: true });
    refuseMalformed(fault, made);
    expect([written, made.destroyed]).toEqual([[], true]);
  });
});
