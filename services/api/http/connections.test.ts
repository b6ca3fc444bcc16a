import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { Connections, MAX_PIPELINED } from "./connections.ts";

let ports = 0;
class FakeSocket extends EventEmitter {
  readonly remoteAddress = "10.0.0.1";
  readonly remotePort: number;
  bytesRead = 0;
  isDestroyed = false;

  constructor() {
    super();
    ports += 1;
    this.remotePort = ports;
  }

  destroy() {
    this.isDestroyed = true;
    this.emit("close");
  }
}
const socket = () => new FakeSocket() as unknown as Socket & FakeSocket;

describe("connections", () => {
  it("of one client are bounded: the longest idle one makes room", () => {
    const connections = new Connections(10, 2);
    const [first, second, third] = [socket(), socket(), socket()];
    connections.add(first, "a");
    connections.add(second, "a");
    connections.begin(first);
    connections.end(first); // it was of use just now
    connections.add(third, "a");
    expect([first, second, third].map((it) => it.isDestroyed)).toEqual([false, true, false]);
    expect(connections.size).toBe(2);
  });

  it("on which nothing was asked are closed when the server leaves, not those that are asking or have asked", () => {
    const connections = new Connections();
    const [fresh, asking, used, encrypted] = [socket(), socket(), socket(), socket()];
    for (const one of [fresh, asking, used, encrypted]) connections.add(one, "a");
    asking.bytesRead = 10;
    connections.begin(used);
    connections.end(used);
    encrypted.bytesRead = 500; // of the handshake
    connections.addEncrypted({ remoteAddress: encrypted.remoteAddress, remotePort: encrypted.remotePort } as unknown as Socket);
    connections.closeUnused();
    expect([fresh, asking, used, encrypted].map((it) => it.isDestroyed)).toEqual([true, false, false, true]);
  });

  it("with a request stay: then the new one is closed", () => {
    const connections = new Connections(10, 2);
    const all = [socket(), socket(), socket(), socket()];
    for (const one of all.slice(0, 2)) {
      connections.add(one, "a");
      connections.begin(one);
    }
    connections.add(all[2] as Socket, "a");
    connections.add(all[3] as Socket, "b");
    expect(all.map((it) => it.isDestroyed)).toEqual([false, false, true, false]);
  });

  it("are bounded in all: the client with the most makes room", () => {
    const connections = new Connections(3, 3);
    const [a, b, c, d] = [socket(), socket(), socket(), socket()];
    connections.add(a, "one");
    connections.add(b, "many");
    connections.add(c, "many");
    connections.add(d, "new");
    expect([a, b, c, d].map((it) => it.isDestroyed)).toEqual([false, true, false, false]);
  });

  it("of a proxy are not counted for a client", () => {
    const connections = new Connections(10, 1);
    const all = [socket(), socket(), socket()];
    for (const one of all) connections.add(one, undefined);
    expect(all.some((it) => it.isDestroyed)).toBe(false);
  });

  it("take so many requests ahead, and end with the first one too many", () => {
    const connections = new Connections();
    const one = socket();
    connections.add(one, "a");
    for (let ahead = 0; ahead < MAX_PIPELINED; ahead++) expect(connections.begin(one)).toBeUndefined();
    expect([connections.begin(one), connections.begin(one)]).toEqual(["full", "ended"]);
  });
});
