/** One address that connects, asks and hangs up again and again is told to wait; others are answered meanwhile. */
import { mkdtempSync, rmSync } from "node:fs";
import { request, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Program, run } from "../kit/programs.ts";

/** Connections that are made and left at once. */
const AT_ONCE = 100;
/** This machine, by another of its addresses. */
const ELSEWHERE = "127.0.0.2";

describe("an address that hangs up", () => {
  let dir: string;
  let program: Program;
  let base: URL;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "openward-hang-ups-"));
    program = run(["serve"], { DATA_DIR: dir, PORT: "0", NATS_URL: "", LOG_LEVEL: "error", SERVICES: "api,transactions,patients" });
    base = new URL((await program.says(/ready at (http:\S+)/))[1] as string);
  });
  afterAll(async () => {
    program.child.kill("SIGKILL");
    await program.ended;
    rmSync(dir, { recursive: true });
  });

  /** Status and Retry-After; 0 where the connection was closed without an answer. */
  const ask = (localAddress: string) =>
    new Promise<[status: number, after: string | undefined]>((resolve) => {
      const asked = request({ host: base.hostname, port: base.port, path: "/fhir/Patient", localAddress, agent: false });
      asked.once("response", (answer: IncomingMessage) => {
        answer.resume();
        resolve([answer.statusCode ?? 0, answer.headers["retry-after"]]);
      });
      asked.once("error", () => resolve([0, undefined]));
      asked.end();
    });
  /** Waits for a first answer, and leaves over the second. */
  const hangUp = (localAddress: string) =>
    new Promise<void>((resolve) => {
      const socket = connect({ host: base.hostname, port: Number(base.port), localAddress });
      const asked = `GET /fhir/Patient HTTP/1.1\r\nHost: ${base.host}\r\n\r\n`;
      socket.once("connect", () => socket.write(asked));
      socket.once("data", () => socket.write(asked, () => socket.destroy()));
      socket.once("error", () => {}); // closed by the server
      socket.once("close", () => resolve());
    });

  it("is refused by 503 and Retry-After, and accepted again after a quiet time, while another one is answered", async () => {
    for (let isTold = false; !isTold; ) {
      await Promise.all(Array.from({ length: AT_ONCE }, () => hangUp(ELSEWHERE)));
      const [status, after] = await ask(ELSEWHERE); // 0 where that was one of too many to be told so
      isTold = status === 503 && Number(after) > 0;
    }
    expect(await ask("127.0.0.1")).toEqual([200, undefined]);
    const begun = performance.now();
    while ((await ask(ELSEWHERE))[0] !== 200) await pause(50);
    expect(performance.now() - begun).toBeLessThan(10_000);
  }, 60_000);
});
