/** Who is told by websocket, while it cannot be known what they may hear. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { WebSocket } from "ws";
import { anybodyAt } from "./client-address.ts";
import { ownName } from "./own-name.ts";
import { WEBSOCKET_PATH, WebSockets } from "./websockets.ts";

describe("a websocket that is bound to a Subscription", () => {
  let server: Server;
  let webSockets: WebSockets;
  let fault: { code: number } | undefined;
  let mayHear: boolean;
  let asked: number;

  beforeEach(async () => {
    [fault, mayHear, asked] = [undefined, true, 0];
    server = createServer();
    await once(server.listen(0, "127.0.0.1"), "listening");
    const own = ownName({ host: "127.0.0.1" }, (server.address() as AddressInfo).port);
    webSockets = new WebSockets({
      config: {},
      requesterOf: () => anybodyAt("127.0.0.1"),
      own: () => own,
      isReady: () => true,
      enter: async () => (fault ? Promise.reject(fault) : {}),
      refused: () => {},
      typesOf: async () => {
        asked += 1;
        return ["Observation"];
      },
      mayHear: () => mayHear,
    });
    server.on("upgrade", (request, socket, head) => webSockets.upgrade(request, socket, head));
  });
  afterEach(() => {
    webSockets.close();
    server.close();
  });

  const bound = async () => {
    const webSocket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}${WEBSOCKET_PATH}`);
    await once(webSocket, "open");
    webSocket.send("bind s");
    expect(String((await once(webSocket, "message"))[0])).toBe("bound s");
    const heard = once(webSocket, "message").then(([text]) => String(text));
    const ended = once(webSocket, "close").then(([code]) => code as number);
    return { webSocket, next: Promise.race([heard, ended]) };
  };

  it("is notified of a match", async () => {
    const { webSocket, next } = await bound();
    webSockets.ping("s");
    expect(await next).toBe("ping s");
    webSocket.close();
  });

  it.each<[string, () => void, number]>([
    ["its client has signed out", () => (fault = { code: 401 }), 1008],
    ["its client may not hear of it any more", () => (mayHear = false), 1008],
    ["nobody can tell what its client may do", () => (fault = { code: 503 }), 1013],
  ])("ends where %s, so that no match is missed unknown", async (_, happens, code) => {
    const { next } = await bound();
    happens();
    webSockets.ping("s");
    expect(await next).toBe(code);
  });

  it.each(["ping", "pong"] as const)(
    "stays open with as many of its client's %ss as connections need, and ends when flooded",
    async (frame) => {
      const { webSocket, next } = await bound();
      for (let count = 0; count < 100; count += 1) webSocket[frame]();
      webSockets.ping("s");
      expect(await next).toBe("ping s");
      const ended = once(webSocket, "close");
      for (let count = 0; count < 1_000; count += 1) webSocket[frame]();
      expect((await ended)[0]).toBe(1006);
    },
  );

  it("stays open while its client binds what it may, and answers no flood of messages", async () => {
    const { webSocket } = await bound();
    for (let count = 0; count < 99; count += 1) {
      webSocket.send("bind s");
      expect(String((await once(webSocket, "message"))[0])).toBe("bound s");
    }
    // Without the library, which would stop at the server's closing.
    const raw = (webSocket as unknown as { _socket: Socket })._socket;
    const frame = Buffer.concat([Buffer.from([0x81, 0x86, 0, 0, 0, 0]), Buffer.from("bind s")]);
    const ended = new Promise((resolve) => raw.once("close", resolve));
    raw.removeAllListeners("data").on("error", () => {}); // the server has closed it
    for (let count = 0; count < 50 && !raw.destroyed; count += 1) {
      raw.write(Buffer.concat(Array.from({ length: 1_000 }, () => frame)));
      await new Promise(setImmediate);
    }
    await ended;
    expect(asked).toBeLessThanOrEqual(200);
  });

  it("ends when a message comes in very many pieces, even empty ones", async () => {
    const { webSocket, next } = await bound();
    for (let count = 0; count < 16; count += 1) webSocket.send("", { fin: false });
    webSockets.ping("s");
    expect(await next).toBe("ping s");
    const ended = once(webSocket, "close");
    webSocket.send("", { fin: false });
    expect((await ended)[0]).toBe(1008);
  });

  it("stays open while its client's rights cannot be checked and there is nothing to send", async () => {
    const { webSocket, next } = await bound();
    fault = { code: 503 };
    webSockets.look();
    await new Promise(setImmediate); // what `look` has asked is answered
    fault = undefined;
    webSockets.ping("s");
    expect(await next).toBe("ping s");
    webSocket.close();
  });
});
