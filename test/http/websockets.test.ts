/** Clients that are told by websocket what happens. */
import { once } from "node:events";
import { request } from "node:http";
import { connect as connectTo, type Socket } from "node:net";
import { WebSocket } from "ws";
import { eventually } from "../kit/events.ts";
import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

describe("a websocket", () => {
  let mesh: Mesh;
  let fhir: FhirHttp;
  let address: string;
  const open: WebSocket[] = [];
  beforeAll(async () => {
    const services = ["api", "transactions", "patients", "subscriptions"];
    mesh = await startMesh({ services, nats: false, split: "broker", env: { CORS_ORIGIN: "https://app.example" } });
    fhir = fhirAt(mesh.base);
    const { body } = await fhir.get("/metadata");
    address = body.rest[0].extension[0].valueUri;
  });
  afterAll(async () => {
    for (const webSocket of open) webSocket.terminate();
    await mesh?.stop();
  });

  const connect = async (headers = {}) => {
    const webSocket = new WebSocket(address, { headers });
    open.push(webSocket);
    const said: string[] = [];
    webSocket.on("message", (data) => said.push(String(data)));
    await once(webSocket, "open");
    return {
      webSocket,
      said,
      until: (count: number) =>
        eventually(
          async () => said,
          (all) => all.length >= count,
        ),
    };
  };
  const refusedWith = async (headers: object) => {
    const webSocket = new WebSocket(address, { headers: headers as Record<string, string> });
    const [, answer] = (await once(
      webSocket.on("error", () => {}),
      "unexpected-response",
    )) as [unknown, { statusCode: number }];
    return answer.statusCode;
  };
  const subscribe = async (criteria: string) => {
    const channel = { type: "websocket" };
    const { body } = await fhir.send("POST", "/Subscription", {
      resourceType: "Subscription",
      status: "requested",
      reason: "test",
      criteria,
      channel,
    });
    await eventually(
      () => fhir.get(`/Subscription/${body.id}`),
      (answer) => answer.body.status === "active",
    );
    return body.id as string;
  };

  it("has the URL in the CapabilityStatement, and notifies clients that have bound it of each match", async () => {
    expect(address).toBe(`${mesh.base.replace("http", "ws")}/fhir/websocket`);
    const id = await subscribe("Patient?family=rossi");
    const { webSocket, said, until } = await connect();
    webSocket.send(`bind ${id}`);
    await until(1);
    for (const family of ["Rossi", "Bianchi", "Rossi"]) {
      await fhir.send("POST", "/Patient", { resourceType: "Patient", name: [{ family }] });
    }
    await until(3);
    expect(said).toEqual([`bound ${id}`, `ping ${id}`, `ping ${id}`]);
  });

  it.each([
    ["what is no message", "hello"],
    ["an id that is nobody's", "bind none"],
    ["no id", "bind "],
  ])("ends after %s", async (_, message) => {
    const { webSocket } = await connect();
    webSocket.send(message);
    const [code] = (await once(webSocket, "close")) as [number];
    expect(code).toBe(1008);
  });

  it("ends after a message that is too long", async () => {
    const { webSocket } = await connect();
    webSocket.send(`bind ${"x".repeat(1_000)}`);
    expect((await once(webSocket, "close"))[0]).toBe(1009);
  });

  it("is refused to a page of another site, and under another server's name", async () => {
    expect(await refusedWith({ Origin: "https://evil.example" })).toBe(403);
    expect(await refusedWith({ Host: "evil.example" })).toBe(421);
    await connect({ Origin: "https://app.example" });
    await connect({ Origin: mesh.base });
  });

  /** A client of a few lines of text, that keeps its own half open whatever it hears. */
  const raw = async (headers: string) => {
    const { port, hostname } = new URL(mesh.base);
    const socket = connectTo({ port: Number(port), host: hostname, allowHalfOpen: true });
    await once(socket, "connect");
    socket.on("error", () => {});
    socket.write(`GET /fhir/websocket HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${headers}\r\n\r\n`);
    return socket;
  };

  it.each([
    ["another server's name", "Host: evil.example"],
    ["no key", "Host: 127.0.0.1"],
    ["another site", "Host: 127.0.0.1\r\nOrigin: https://evil.example"],
  ])("with %s ends the gateway by no reset, and holds no connection", async (_, headers) => {
    for (let count = 0; count < 40; count += 1) (await raw(headers)).resetAndDestroy();
    const held = await Promise.all(Array.from({ length: 10 }, () => raw(headers)));
    // Each is closed by the server, although its client never closes.
    await Promise.all(held.map((socket) => closedByServer(socket.resume())));
    expect((await fhir.get("/metadata")).status).toBe(200);
  });

  /** Resolves when what is written meets a connection that is not there any more. */
  async function closedByServer(socket: Socket): Promise<void> {
    const writing = setInterval(() => socket.write("x"), 20);
    await new Promise((resolve) => socket.once("close", resolve));
    clearInterval(writing);
  }

  it("is not opened by another upgrade: that request is answered as if it had none", async () => {
    const asked = request(`${mesh.base}/fhir/Patient?_count=1`, {
      headers: { Connection: "Upgrade, HTTP2-Settings", Upgrade: "h2c", "HTTP2-Settings": "" },
    });
    asked.end();
    const [answer] = (await once(asked, "response")) as [{ statusCode: number; resume(): void }];
    answer.resume();
    expect(answer.statusCode).toBe(200);
  });
});
