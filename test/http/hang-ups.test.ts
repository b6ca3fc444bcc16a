/** One address that connects, asks and hangs up again and again is told to wait; others are answered meanwhile. */
import { request, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { jest } from "@jest/globals";
import type { Gateway } from "../../services/api/gateway.ts";
import { ConnectionRate } from "../../services/api/http/connection-rate.ts";
import { MAX_PIPELINED } from "../../services/api/http/connections.ts";
import { fhirMesh } from "../kit/fhir-mesh.ts";

/** Connections that are made and left: with the requests of each, too many. */
const CONNECTIONS = 17;
/** Requests that a gateway accepts while none is answered (services/api/http/throughput.ts). */
const IN_FLIGHT = 256;
/** This machine, by another of its addresses. */
const ELSEWHERE = "127.0.0.2";

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe("an address that hangs up", () => {
  const at = fhirMesh(["api", "transactions", "patients"]);
  /** The time of connections: what an address may is the same on a machine of any speed. */
  let now = 0;
  let leave = () => {};
  /** No request is answered before its client has left. */
  const left = new Promise<void>((resolve) => {
    leave = resolve;
  });
  beforeAll(() => {
    const { admits, hungUp } = ConnectionRate.prototype;
    jest.spyOn(ConnectionRate.prototype, "admits").mockImplementation(function (this: ConnectionRate, address) {
      return admits.call(this, address, now);
    });
    jest.spyOn(ConnectionRate.prototype, "hungUp").mockImplementation(function (this: ConnectionRate, address) {
      hungUp.call(this, address, now);
    });
    at.mesh.caller.createService({ name: "ward", actions: { rounds: { rest: "GET", params: { $$strict: true }, handler: () => left } } });
  });
  afterAll(() => jest.restoreAllMocks());

  /** Status and Retry-After; 0 where the connection was closed without an answer. */
  const ask = (localAddress: string) =>
    new Promise<[status: number, after: string | undefined]>((resolve) => {
      const asked = request(`${at.mesh.base}/fhir/Patient`, { localAddress, agent: false });
      asked.once("response", (answer: IncomingMessage) => {
        answer.resume();
        resolve([answer.statusCode ?? 0, answer.headers["retry-after"]]);
      });
      asked.once("error", () => resolve([0, undefined]));
      asked.end();
    });
  /** Connections from there, on which as many requests were sent as there may be unanswered ones. */
  const asking = () =>
    Array.from({ length: CONNECTIONS }, () => {
      const { hostname, host, port } = new URL(at.mesh.base);
      const socket = connect({ host: hostname, port: Number(port), localAddress: ELSEWHERE });
      socket.write(`GET /api/ward/rounds HTTP/1.1\r\nHost: ${host}\r\n\r\n`.repeat(MAX_PIPELINED));
      return socket;
    });

  it("is refused by 503 and Retry-After, and accepted again after a quiet time, while another one is answered", async () => {
    const sockets = asking();
    const { connections, inFlight } = at.mesh.caller.getLocalService("api") as unknown as Gateway;
    while (inFlight.requests < IN_FLIGHT) await nextTurn();
    for (const socket of sockets) socket.destroy();
    while (connections.size > 0) await nextTurn();
    expect(await ask(ELSEWHERE)).toEqual([503, expect.stringMatching(/^[1-9]/)]);
    expect(await ask("127.0.0.1")).toEqual([200, undefined]);
    leave();
    now += 1_500;
    expect(await ask(ELSEWHERE)).toEqual([200, undefined]);
  });
});
