/** How one notification is sent. */
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { startEndpoint } from "../../test/kit/endpoint.ts";
import { readConfig } from "../../mesh/config.ts";
import { Sender } from "./sender.ts";

describe("a notification", () => {
  const to = (url: string) => ({ method: "POST" as const, url: new URL(url), headers: {} });

  it("is sent to no name that resolves to an internal address, whatever its spelling", async () => {
    const sender = new Sender();
    await expect(sender.send(to("https://localhost:1/"))).rejects.toThrow("SUBSCRIPTION_NETWORKS");
    await expect(sender.send(to("https://no-such-name.invalid/"))).rejects.toThrow("cannot be reached");
  });

  it("waits if the limit of concurrent ones is reached", async () => {
    const endpoint = await startEndpoint();
    const { subscriptionNetworks } = readConfig({ SUBSCRIPTION_NETWORKS: "127.0.0.1" });
    const sender = new Sender(subscriptionNetworks);
    await Promise.all(Array.from({ length: 100 }, () => sender.send(to(endpoint.url))));
    expect(endpoint.received).toHaveLength(100);
    expect(endpoint.most).toBeLessThanOrEqual(32);
    await endpoint.close();
  });

  it("does not wait for a host that does not answer, however many others it gets", async () => {
    const silent = createServer((socket) => socket.on("error", () => {})).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const sender = new Sender(readConfig({ SUBSCRIPTION_NETWORKS: "127.0.0.1" }).subscriptionNetworks);
    const { port } = silent.address() as AddressInfo;
    let ended = 0;
    const unanswered = Array.from({ length: 60 }, () =>
      sender.send(to(`http://127.0.0.1:${port}/`)).catch(() => {
        ended += 1;
      }),
    );
    const endpoint = await startEndpoint();
    await Promise.all(Array.from({ length: 20 }, () => sender.send(to(endpoint.url))));
    expect([endpoint.received.length, ended]).toEqual([20, 0]);
    sender.close();
    await Promise.all(unanswered);
    silent.close();
    await endpoint.close();
  });

  it("comes before those to hosts that get many", async () => {
    const [many, more, one] = await Promise.all([startEndpoint(), startEndpoint(), startEndpoint()]);
    const sender = new Sender(readConfig({ SUBSCRIPTION_NETWORKS: "127.0.0.1" }).subscriptionNetworks);
    const others = [many, more].flatMap(({ url }) => Array.from({ length: 100 }, () => sender.send(to(url))));
    await sender.send(to(one.url));
    expect(many.received.length + more.received.length).toBeLessThan(150);
    await Promise.all(others);
    expect([many, more, one].map(({ received }) => received.length)).toEqual([100, 100, 1]);
    await Promise.all([many, more, one].map((endpoint) => endpoint.close()));
  });

  it.each([
    ["wants another protocol", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", "answered 101"],
    ["names no other protocol", "HTTP/1.1 101 Switching Protocols\r\n\r\n", "answered 101"],
    ["hangs up", "", "cannot be reached"],
  ])("ends when its endpoint %s", async (_, answer, sentence) => {
    const server = createServer((socket) => socket.on("error", () => {}).once("data", () => socket.end(answer)));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const sender = new Sender(readConfig({ SUBSCRIPTION_NETWORKS: "127.0.0.1" }).subscriptionNetworks);
    const { port } = server.address() as AddressInfo;
    await expect(sender.send(to(`http://127.0.0.1:${port}/`))).rejects.toThrow(sentence);
    server.close();
  });
});
