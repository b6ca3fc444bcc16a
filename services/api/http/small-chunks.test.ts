import { createServer, type IncomingMessage, request as ask, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { gatherSmallChunks } from "./small-chunks.ts";

/** Small chunks that one read of a connection brings at most, 65,536 bytes of it. */
const OF_ONE_READ = 10_923;

describe("bodies in chunks", () => {
  let server: Server;
  let port: number;
  /** Bytes of bodies that have come, by path. */
  let came: Map<string, number>;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    came = new Map();
    server = createServer((request, response) => {
      gatherSmallChunks(request, request.url ?? "");
      const pieces: Buffer[] = [];
      request.on("data", (piece: Buffer) => {
        pieces.push(piece);
        came.set(request.url ?? "", (came.get(request.url ?? "") ?? 0) + piece.length);
      });
      request.on("end", () => response.end(JSON.stringify({ count: pieces.length, text: Buffer.concat(pieces).toString() })));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  /** Sends a body of one-byte chunks that never ends, as fast as it is taken. */
  function flood(path: string): void {
    const socket = connect(port, "127.0.0.1");
    sockets.push(socket);
    socket.on("error", () => {});
    socket.write(`POST ${path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`);
    const chunks = Buffer.from("1\r\na\r\n".repeat(5_000));
    const more = () => {
      while (!socket.destroyed && socket.write(chunks)) {}
    };
    socket.on("drain", more);
    more();
  }

  /** @returns what the server has understood */
  async function send(path: string, chunks: AsyncIterable<string> | string[]): Promise<{ count: number; text: string }> {
    const request = ask({ port, host: "127.0.0.1", path, method: "POST", headers: { "Transfer-Encoding": "chunked" } });
    const answered = new Promise<IncomingMessage>((resolve, reject) => request.on("response", resolve).on("error", reject));
    for await (const chunk of chunks) request.write(chunk);
    request.end();
    let text = "";
    for await (const piece of await answered) text += piece;
    return JSON.parse(text);
  }

  it("arrive complete and in order, with small chunks joined", async () => {
    const chunks = Array.from({ length: 20_000 }, (_, index) => (index % 1_000 === 7 ? `<${index}>`.repeat(100) : `${index},`));
    const { count, text } = await send("/honest", chunks);
    expect(text).toBe(chunks.join(""));
    expect(count).toBeLessThan(chunks.length / 4);
  });

  it("are read in turns if they have very many small chunks, client by client", async () => {
    const begun = performance.now();
    for (let index = 0; index < 8; index += 1) flood("/flood");
    flood("/other");
    // While they come somebody is slow: chunks of some size are never made to wait.
    async function* slow() {
      for (let part = 0; part < 10; part += 1) {
        yield "x".repeat(500);
        await delay(50);
      }
    }
    expect((await send("/slow", slow())).text).toHaveLength(5_000);
    await delay(1_500);
    const seconds = (performance.now() - begun) / 1_000;
    const [flooded, other] = [came.get("/flood") ?? 0, came.get("/other") ?? 0];
    // What the first read of each has brought, and what they may bring together since.
    expect(flooded + other).toBeLessThan((9 + 2) * OF_ONE_READ + 50_000 * seconds);
    expect(other).toBeGreaterThan(flooded / 8);
  });

  it("of clients that have left delay nobody", async () => {
    flood("/gone");
    while (!came.has("/gone")) await delay(10);
    sockets.splice(0).map((socket) => socket.destroy());
    expect((await send("/after", ["a", "b"])).text).toBe("ab");
  });
});
