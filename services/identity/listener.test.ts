import cluster from "node:cluster";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { type AddressInfo, createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { startListener, stopListener } from "./listener.ts";

describe("the listener of a node of identity", () => {
  let server: Server;
  let handled: string[];
  beforeAll(async () => {
    const handle = ({ url }: IncomingMessage, response: ServerResponse, body: Buffer) => {
      handled.push(`${url} ${body}`);
      response.end("done");
    };
    server = await startListener({ host: "127.0.0.1", port: 0 }, handle, (error) => {
      throw error;
    });
  });
  beforeEach(() => {
    handled = [];
  });
  afterAll(() => stopListener(server));

  const portOf = () => (server.address() as AddressInfo).port;
  const post = async (path: string) => (await fetch(`http://127.0.0.1:${portOf()}${path}`, { method: "POST", body: "refresh" })).text();

  it("carries out what a gateway waits for, and not what it finds after the gateway has given up", async () => {
    expect(await post("/awaited")).toBe("done");
    const gateway = createConnection(portOf(), "127.0.0.1");
    await once(gateway, "connect");
    // In one turn, so that the node finds both together, as after a pause.
    gateway.write("POST /abandoned HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\nrefresh");
    gateway.destroy();
    await once(gateway, "close");
    expect(await post("/later")).toBe("done");
    expect(handled).toEqual(["/awaited refresh", "/later refresh"]);
  });

  it("has a port of its own in each process of a cluster, so that none answers for one that hangs", async () => {
    const dir = mkdtempSync(join(tmpdir(), "openward-listener-"));
    const exec = join(dir, "node.mjs");
    const module = pathToFileURL(join(import.meta.dirname, "listener.ts"));
    writeFileSync(
      exec,
      `import { startListener } from "${module}";
      const server = await startListener({ host: "127.0.0.1", port: 0 }, () => {}, () => {});
      process.send(server.address().port);`,
    );
    cluster.setupPrimary({ exec, execArgv: [] });
    const workers = [cluster.fork(), cluster.fork()];
    const ports = await Promise.all(workers.map(async (worker) => (await once(worker, "message"))[0] as number));
    const ended = workers.map((worker) => once(worker, "exit"));
    for (const worker of workers) worker.process.kill();
    await Promise.all(ended);
    rmSync(dir, { recursive: true });
    expect(new Set(ports).size).toBe(2);
  });
});
