import { once } from "node:events";
import { createServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { Duplex } from "node:stream";
import { jest } from "@jest/globals";
import { admitConnections, refuseMalformed, refuseTunnel } from "./server.ts";

/** A connection whose client keeps its half open. */
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

describe("data that is not HTTP", () => {
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

  it("does not keep its connection, if the client does not close it", () => {
    jest.useFakeTimers();
    const { made } = socket();
    refuseMalformed(fault, made);
    expect(made.destroyed).toBe(false);
    jest.advanceTimersByTime(2_000);
    expect(made.destroyed).toBe(true);
    jest.useRealTimers();
  });
});

describe("a request for a tunnel", () => {
  it("is answered 405, and the connection ends, also if the client resets it", () => {
    const { written, made } = socket();
    refuseTunnel({} as never, made);
    expect(written.join("")).toMatch(
      /^HTTP\/1.1 405 Method Not Allowed\r\nAllow: GET, .*\r\nConnection: close\r\n.*"code":"not-supported"/s,
    );
    expect(made.writableEnded).toBe(true);
    made.destroy(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }));
  });

  it("during an answer ends the connection only", () => {
    const { written, made } = socket({ headersSent: true });
    refuseTunnel({} as never, made);
    expect([written, made.destroyed]).toEqual([[], true]);
  });
});

describe("a new connection", () => {
  it("that is not admitted never gets a parser or a TLS socket", async () => {
    const server = createServer();
    const begun: boolean[] = [];
    // Where Node would begin with TLS: its errors are those of a handshake.
    server.on("tlsClientError", () => begun.push(true));
    let isOpen = false;
    admitConnections(server, (socket) => {
      if (!isOpen) socket.destroy();
      return isOpen;
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const closed = () =>
      once(
        connect(port, "127.0.0.1")
          .on("error", () => {})
          .end("no handshake"),
        "close",
      );
    await closed();
    expect(begun).toEqual([]);
    isOpen = true;
    await Promise.all([once(server, "tlsClientError"), closed()]);
    expect(begun).toEqual([true]);
    server.close();
  });
});
