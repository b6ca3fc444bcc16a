/** Many work behind one address: what one of them does is counted for that person, and for the address more widely. */
import { readFileSync } from "node:fs";
import { jest } from "@jest/globals";
import type { Requester } from "../../services/api/http/client-address.ts";
import { EventStreams } from "../../services/api/http/event-streams.ts";
import { InFlight, LIMITS } from "../../services/api/http/in-flight.ts";
import { LargeReads } from "../../services/api/http/large-reads.ts";
import { WorkGate } from "../../services/api/http/work-gate.ts";
import type { Mesh } from "../kit/mesh.ts";
import { SignedIn, startClosed } from "./signed-in.ts";

const ADDRESS = "127.0.0.1";

describe("the limits of a client", () => {
  let mesh: Mesh;
  let people: SignedIn;
  beforeAll(async () => {
    mesh = await startClosed();
    people = await SignedIn.at(mesh, ["physician", "front-desk"]);
    for (const name of ["nurse", "physician"]) expect((await people.as(name).get("/Patient")).status).toBe(200);
  });
  afterAll(() => mesh?.stop());
  afterEach(() => {
    jest.restoreAllMocks();
  });

  const get = async (path: string, token?: string) => {
    const answer = await fetch(mesh.base + path, { headers: token === undefined ? {} : { Authorization: `Bearer ${token}` } });
    await (path.endsWith("/events") ? answer.body?.cancel() : answer.text());
    return answer.status;
  };
  const counted = (spy: { mock: { calls: unknown[][] } }, at = 0) => spy.mock.calls.map((call) => call[at] as Requester);

  it.each([
    ["a place among the requests in flight", "/fhir/Patient", () => jest.spyOn(InFlight.prototype, "open"), 0],
    ["a turn for a large answer", "/fhir/Patient?_count=1000", () => jest.spyOn(LargeReads.prototype, "enter"), 0],
    // Nobody knows yet how large the answers of these are.
    ["memory for large work", "/fhir/Observation /fhir/Encounter /fhir/Condition", () => jest.spyOn(WorkGate.prototype, "enter"), 0],
    ["a stream of a board", "/api/wards/board/events", () => jest.spyOn(EventStreams.prototype, "open"), 2],
  ])("%s is one person's who has signed in", async (_, paths, spyOn, at) => {
    const spy = spyOn();
    const [one = "", two = one, three = one] = paths.split(" ");
    for (const [name, path] of [
      ["nurse", one],
      ["physician", two],
      ["nurse", three],
    ] as const) {
      expect(await get(path, people.tokenOf(name))).toBe(200);
    }
    const [nurse, physician, again] = counted(spy, at);
    expect([nurse?.name, physician?.name]).toEqual([expect.stringMatching(/^sub ./), expect.stringMatching(/^sub ./)]);
    expect([nurse?.name === again?.name, nurse?.name === physician?.name]).toEqual([true, false]);
    expect([nurse?.address, physician?.address]).toEqual([ADDRESS, ADDRESS]);
  });

  it("are those of its address until its token was verified, and again once that has expired", async () => {
    const spy = jest.spyOn(InFlight.prototype, "open");
    const token = people.tokenOf("front-desk");
    const last = () => counted(spy).at(-1)?.name;
    const asked: [string | undefined, number, RegExp][] = [
      [undefined, 401, /^127/],
      [`${token.slice(0, -8)}AAAAAAAA`, 401, /^127/],
      [`${token.slice(0, -8)}AAAAAAAA`, 401, /^127/],
      [token, 200, /^127/],
      [token, 200, /^sub /],
    ];
    for (const [sent, status, name] of asked) {
      expect(await get("/fhir/Patient", sent)).toBe(status);
      expect(last()).toMatch(name);
    }
    jest.spyOn(Date, "now").mockReturnValue(Date.now() + 3_600_000);
    expect(await get("/fhir/Patient", token)).toBe(401);
    expect(last()).toBe(ADDRESS);
  });

  it("are the ones that docs/security.md gives", () => {
    const text = readFileSync("docs/security.md", "utf8");
    const number = (value: number) => value.toLocaleString("en");
    const mb = (value: number) => `${value / 1024 / 1024} MB`;
    const { requests, clientRequests, addressRequests, bytes, clientBytes, addressBytes } = LIMITS;
    expect(text).toContain(`| ${number(requests)} | ${number(clientRequests)} | ${number(addressRequests)} |`);
    expect(text).toContain(`| ${mb(bytes)} | ${mb(clientBytes)} | ${mb(addressBytes)} |`);
  });
});
