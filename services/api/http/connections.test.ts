import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { jest } from "@jest/globals";
import { ConnectionRate } from "./connection-rate.ts";
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
  it("of one client are limited: the longest idle one is closed", () => {
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

  it("without any request are closed when the server stops, others are not", () => {
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

  it("with a request in progress stay open: then the new one is closed", () => {
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

  it("are limited in all: one of the client with the most is closed", () => {
    const connections = new Connections(3, 3);
    const [a, b, c, d] = [socket(), socket(), socket(), socket()];
    connections.add(a, "one");
    connections.add(b, "many");
    connections.add(c, "many");
    connections.add(d, "new");
    expect([a, b, c, d].map((it) => it.isDestroyed)).toEqual([false, true, false, false]);
  });

  it("of a proxy do not count for a client", () => {
    const connections = new Connections(10, 1);
    const all = [socket(), socket(), socket()];
    for (const one of all) connections.add(one, undefined);
    expect(all.some((it) => it.isDestroyed)).toBe(false);
  });

  it("accept a limited number of pipelined requests, and end with the first one too many", () => {
    const connections = new Connections();
    const one = socket();
    connections.add(one, "a");
    for (let ahead = 0; ahead < MAX_PIPELINED; ahead++) expect(connections.begin(one)).toBeUndefined();
    expect([connections.begin(one), connections.begin(one)]).toEqual(["full", "ended"]);
  });

  it("of one address that are opened too fast are answered 503, then closed, while those of others and of a proxy are accepted", () => {
    jest.useFakeTimers(); // nothing more is allowed while this test runs, however long that takes
    const connections = new Connections(1_000, 1_000, new ConnectionRate(0, 20));
    const many = Array.from({ length: 200 }, socket);
    for (const one of many) connections.add(one, "a");
    const begun = many.filter(({ isDestroyed }) => !isDestroyed).map((one) => connections.begin(one));
    expect(begun.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => undefined));
    expect(begun.slice(20)).toEqual(Array.from({ length: 50 }, () => "full"));
    for (const client of ["b", undefined]) {
      const other = socket();
      connections.add(other, client);
      expect([other.isDestroyed, connections.begin(other)]).toEqual([false, undefined]);
    }
  });

  afterEach(() => {
    jest.useRealTimers();
  });
});

describe("the connection rate of an address", () => {
  it("is limited on average after a burst, and starts anew after a quiet time", () => {
    const rate = new ConnectionRate(10, 20);
    const admitted = (count: number, at: number) => Array.from({ length: count }, () => rate.admits("a", at)).filter(Boolean).length;
    expect(admitted(100, 0)).toBe(20);
    expect(admitted(100, 500)).toBe(5);
    expect([rate.admits("a", 500), rate.admits("b", 500)]).toEqual([false, true]);
    expect(admitted(100, 60_000)).toBe(20);
  });

  it("is a tenth for clients that hang up before the answer, and only for them", () => {
    const rate = new ConnectionRate(100, 100);
    let begun = 0;
    for (let at = 0; at < 10_000; at += 1) {
      if (!rate.admits("a", at)) continue;
      begun += 1;
      rate.hungUp("a", at);
    }
    expect(begun).toBeGreaterThan(90);
    expect(begun).toBeLessThan(130);
    expect(rate.admits("b", 10_000)).toBe(true);
  });

  it("is over a second after the last of any number of hang-ups", () => {
    const rate = new ConnectionRate(100, 100);
    for (let hangUps = 0; hangUps < 1_000; hangUps += 1) rate.hungUp("a", 0);
    expect([rate.admits("a", 990), rate.admits("a", 1_010)]).toEqual([false, true]);
  });
});
