import { EventEmitter, once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { hostname } from "node:os";
import { Readable } from "node:stream";
import type { ServiceBroker } from "moleculer";
import { identityAddresses } from "../../../mesh/identity-nodes.ts";
import { readConfig } from "../../../mesh/config.ts";
import { authPath, passToIdentity } from "./auth-proxy.ts";
import { ownName } from "./own-name.ts";

const config = readConfig({});
const own = ownName(config, 3000);

/** A gateway that sees nodes of `identity` at these addresses. */
const seeing = (...urls: string[]) =>
  ({
    registry: { getServiceList: () => urls.map((url) => ({ name: "identity", nodeID: url, metadata: { auth: { url } } })) },
    logger: { warn() {} },
    localBus: new EventEmitter(),
  }) as unknown as ServiceBroker;

const request = (method: string, headers: Record<string, string> = {}) =>
  Object.assign(Readable.from([]), { method, headers, socket: { remoteAddress: "192.0.2.7" } }) as unknown as IncomingMessage;

describe("what the gateway forwards to identity", () => {
  let node: Server;
  let live: string;
  let heard: IncomingMessage[];
  let dead: string;
  const opened = async (server: Server) => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  beforeAll(async () => {
    const gone = createServer();
    dead = await opened(gone);
    await new Promise((resolve) => gone.close(resolve));
    node = createServer((incoming, response) => {
      heard.push(incoming);
      response.writeHead(303, { Location: "/auth/next", "Set-Cookie": ["a=1; Path=/auth", "b=2"], Connection: "keep-alive" }).end("x");
    });
    live = await opened(node);
  });
  beforeEach(() => {
    heard = [];
  });
  afterAll(() => {
    node.closeAllConnections();
    node.close();
  });

  it.each([
    ["/auth/token", "/auth/token"],
    ["/auth/authorize?scope=a&state=b%3F", "/auth/authorize?scope=a&state=b%3F"],
    ["/fhir/.well-known/smart-configuration", "/auth/.well-known/smart-configuration"],
    ["/.well-known/openid-configuration", "/auth/.well-known/openid-configuration"],
    ["/auth", undefined],
    ["/authority", undefined],
    ["/fhir/Patient", undefined],
  ])("%s is at %s", (url, path) => expect(authPath(url)).toBe(path));

  it("contains the client's address as the gateway saw it, and not as the client claims", async () => {
    const said = {
      "x-forwarded-for": "10.0.0.1",
      "x-forwarded-host": "evil.example",
      forwarded: "for=1",
      host: "x",
      cookie: "c=1",
      "x-other": "1",
    };
    const answer = await passToIdentity(request("GET", said), "/auth/authorize", { broker: seeing(live), own, config });
    expect(answer).toMatchObject({ status: 303, headers: { Location: "/auth/next" }, cookies: ["a=1; Path=/auth", "b=2"] });
    expect(answer.headers).not.toHaveProperty("Connection");
    expect(heard[0]?.headers).toMatchObject({
      "x-forwarded-for": "192.0.2.7",
      "x-forwarded-host": "127.0.0.1:3000",
      "x-forwarded-proto": "http",
      cookie: "c=1",
    });
    for (const name of ["forwarded", "x-other"]) expect(heard[0]?.headers).not.toHaveProperty(name);
  });

  it.each(["GET", "POST"])("goes to another node when nobody listens at the first (%s)", async (method) => {
    for (let turn = 0; turn < 2; turn += 1) {
      expect((await passToIdentity(request(method), "/auth/token", { broker: seeing(dead, live), own, config })).status).toBe(303);
    }
    expect(heard).toHaveLength(2);
  });

  it.each([
    ["GET", { status: 303 }],
    ["POST", { code: 503, type: "IDENTITY_DOWN" }],
  ])("does not wait for a node that is lost (%s), but for one that stops", async (method, expected) => {
    const held: ServerResponse[] = [];
    const hanging = createServer((_, response) => held.push(response));
    const broker = seeing(await opened(hanging), live);
    const [id = ""] = identityAddresses(broker).map(({ nodeID }) => nodeID);
    identityAddresses(broker); // the turn of the other one, so that the next is the first one's
    const answer = passToIdentity(request(method), "/auth/token", { broker, own, config }).catch((error: unknown) => error);
    await once(hanging, "request");
    const leaves = (unexpected: boolean) => broker.localBus.emit("$node.disconnected", { node: { id }, unexpected });
    leaves(false);
    expect([held[0]?.socket?.destroyed, heard.length]).toEqual([false, 0]);
    leaves(true);
    expect(await answer).toMatchObject(expected);
    hanging.closeAllConnections();
    hanging.close();
  });

  it("is not sent to a node of another machine that listens on loopback only", () => {
    const listed = (url: string, nodeID: string) => ({ name: "identity", nodeID, metadata: { auth: { url } } });
    const services = [listed("http://127.0.0.1:1", "far"), listed("http://10.0.0.2:2", "far"), listed("http://[::1]:3", "near")];
    const nodes = new Map([
      ["far", { hostname: "another" }],
      ["near", { hostname: hostname() }],
    ]);
    const broker = { registry: { getServiceList: () => services, nodes } } as unknown as ServiceBroker;
    expect(
      identityAddresses(broker)
        .map(({ url }) => url)
        .sort(),
    ).toEqual(["http://10.0.0.2:2", "http://[::1]:3"]);
  });

  it("is refused if no node answers, or if the method does not exist", async () => {
    for (const broker of [seeing(), seeing(dead)]) {
      const tried = passToIdentity(request("GET"), "/auth/token", { broker, own, config });
      await expect(tried).rejects.toMatchObject({ code: 503, type: "IDENTITY_DOWN" });
    }
    const open = { ...config, access: "open" as const };
    const unknown = passToIdentity(request("GET"), "/auth/.well-known/smart-configuration", { broker: seeing(), own, config: open });
    await expect(unknown).rejects.toMatchObject({ code: 404, type: "NOT_FOUND" });
    const tried = passToIdentity(request("PUT"), "/auth/token", { broker: seeing(live), own, config });
    await expect(tried).rejects.toMatchObject({ code: 405, type: "METHOD_NOT_ALLOWED" });
  });
});
