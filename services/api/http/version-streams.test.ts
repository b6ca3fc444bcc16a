/** Streams of versions, by themselves: who hears of what, and who looks at a record besides. */
import { anybodyAt } from "./client-address.ts";
import { jest } from "@jest/globals";
import { once } from "node:events";
import { createServer, get, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { VersionNotice } from "../../../federation/version-notices.ts";
import { httpError } from "./http-error.ts";
import { Presence, type Present, type Viewer } from "./presence.ts";
import { isForVersionStream, VERSION_EVENTS_PATH, VersionStreams } from "./version-streams.ts";

const version = (reference: string, ...patients: string[]): VersionNotice => {
  const [type = "", id = ""] = reference.split("/");
  return { type, id, version: 1, method: "create", event: `${reference}/1`, ...(patients.length > 0 && { patients }) };
};
const ADA: Viewer = { sub: "1", name: "Ada", roles: ["nurse"] };

describe("the event streams of versions", () => {
  let server: Server;
  let streams: VersionStreams;
  let refused: Error | undefined;
  let hidden: string[];
  const answers: IncomingMessage[] = [];
  beforeEach(async () => {
    [refused, hidden] = [undefined, []];
    streams = new VersionStreams({
      isReady: () => true,
      enter: async (_, asked) => {
        asked();
        if (refused) throw refused;
        return { mayRead: (type) => !hidden.includes(type), person: ADA };
      },
      opened: () => {},
      closed: () => {},
      others: () => [{ name: "Bruno", roles: ["physician"] }],
    });
    server = createServer((request, response) => {
      streams.open(request, response, anybodyAt("client")).catch((error: { code: number }) => response.writeHead(error.code).end());
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  afterEach(() => {
    streams.close();
    for (const answer of answers.splice(0)) answer.destroy();
    server.close();
  });

  const listen = async (query: string, last?: string) => {
    const { port } = server.address() as AddressInfo;
    const headers = last === undefined ? {} : { "Last-Event-ID": last };
    const [answer] = (await once(get({ port, host: "127.0.0.1", path: `${VERSION_EVENTS_PATH}?${query}`, headers }), "response")) as [
      IncomingMessage,
    ];
    answers.push(answer);
    let text = "";
    let heard = () => {};
    answer.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      heard();
    });
    return {
      answer,
      /** Resolves with the events of a kind so far when there are as many. */
      async events(count: number, event = "versions"): Promise<Record<string, unknown>[]> {
        for (;;) {
          const all = [...text.matchAll(new RegExp(`^event: ${event}\\ndata: (.*)\\n\\n`, "gm"))];
          if (all.length >= count) return all.map(([, data = ""]) => JSON.parse(data) as Record<string, unknown>);
          await new Promise<void>((resolve) => {
            heard = resolve;
          });
        }
      },
    };
  };

  it("send the changes of one patient's record, as types and ids, and no others", async () => {
    const [hers, his] = [await listen("patient=Patient/ada"), await listen("patient=Patient/bruno")];
    streams.note([version("Observation/1", "Patient/ada"), version("Patient/ada"), version("Location/1")]);
    expect(await hers.events(1)).toEqual([
      { isAll: false, types: ["Observation", "Patient"], resources: ["Observation/1", "Patient/ada"], at: expect.any(String) },
    ]);
    streams.note([version("Condition/1", "Patient/bruno", "Patient/ada")]);
    expect((await his.events(1))[0]).toMatchObject({ resources: ["Condition/1"] });
    expect(await hers.events(2)).toHaveLength(2);
  });

  it("send lists the changes of their types for any patient, and a deletion with its patient", async () => {
    const [bench, hers] = [await listen("types=ServiceRequest,Observation"), await listen("patient=Patient/ada")];
    streams.note([version("ServiceRequest/1", "Patient/bruno"), version("Condition/1", "Patient/bruno")]);
    expect(await bench.events(1)).toMatchObject([{ types: ["ServiceRequest"], resources: ["ServiceRequest/1"] }]);
    streams.note([
      { ...version("Observation/8", "Patient/bruno"), method: "delete" },
      { ...version("Observation/9", "Patient/ada"), method: "delete" },
    ]);
    expect((await bench.events(2))[1]).toMatchObject({ resources: ["Observation/8", "Observation/9"] });
    expect((await hers.events(1))[0]).toMatchObject({ resources: ["Observation/9"] });
  });

  it("send nothing of types that their person may not read", async () => {
    const hers = await listen("patient=Patient/ada");
    hidden = ["Condition"];
    streams.note([version("Condition/1", "Patient/ada"), version("Encounter/1", "Patient/ada")]);
    expect(await hers.events(1)).toMatchObject([{ types: ["Encounter"], resources: ["Encounter/1"] }]);
  });

  it("send a returning client what it missed, or that anything may have changed if that is not known", async () => {
    const hers = await listen("patient=Patient/ada");
    streams.note([version("Observation/1", "Patient/ada")]);
    await hers.events(1);
    streams.note([version("Observation/2", "Patient/ada"), version("Observation/3", "Patient/bruno")]);
    await hers.events(2);
    expect(await (await listen("patient=Patient/ada", "Observation/1/1")).events(1)).toMatchObject([{ resources: ["Observation/2"] }]);
    expect(await (await listen("patient=Patient/ada", "gone")).events(1)).toMatchObject([{ isAll: true }]);
    streams.refreshAll();
    expect((await hers.events(3))[2]).toMatchObject({ isAll: true, types: [] });
  });

  it("report that an owner has gone, and that it is back, to pages that show its data", async () => {
    const [hers, ward] = [await listen("patient=Patient/ada"), await listen("types=Location")];
    streams.noteDown(["Observation", "Specimen"]);
    expect(await hers.events(1)).toMatchObject([{ isAll: false, types: ["Observation", "Specimen"] }]);
    streams.noteDown(["Observation", "Specimen"]);
    streams.noteDown(["Specimen"]);
    expect((await hers.events(2))[1]).toMatchObject({ types: ["Observation"] });
    streams.noteDown(["Location"]);
    expect(await ward.events(1)).toMatchObject([{ types: ["Location"] }]);
  });

  it("report who else has the record open, and end with the token", async () => {
    const hers = await listen("patient=Patient/ada");
    expect(await hers.events(1, "presence")).toEqual([{ people: [{ name: "Bruno", roles: ["physician"] }] }]);
    streams.tellPresence("Patient/ada");
    await hers.events(2, "presence");
    refused = httpError(401, "INVALID_TOKEN", "no");
    const ended = once(hers.answer, "end");
    streams.note([version("Observation/1", "Patient/ada")]);
    await ended;
    expect(await hers.events(0)).toEqual([]);
  });

  it.each([
    ["", 400],
    ["patient=Observation/1", 400],
    ["types=observation", 400],
    [`types=${Array.from({ length: 21 }, (_, index) => `T${String.fromCharCode(97 + index)}`).join()}`, 400],
    ["types=Observation", 403],
  ])("of %s are refused by %i", async (query, status) => {
    refused = httpError(403, "NOT_ALLOWED", "no");
    expect((await listen(query)).answer.statusCode).toBe(status);
    expect(isForVersionStream({ method: "POST", url: VERSION_EVENTS_PATH } as IncomingMessage)).toBe(false);
  });
});

describe("the viewers of a record", () => {
  const BRUNO: Viewer = { sub: "2", name: "Bruno", roles: ["physician"] };
  const [patient, names] = ["Patient/1", (people: { name: string }[]) => people.map(({ name }) => name)];
  let told: Present[];
  let here: Presence;
  let there: Presence;
  beforeEach(() => {
    jest.useFakeTimers();
    told = [];
    const gateways: Presence[] = [];
    const broadcast = (present: Present) => {
      told.push(present);
      for (const one of gateways) one.heard(present);
    };
    here = new Presence({ node: "here", broadcast, changed: () => {} });
    there = new Presence({ node: "there", broadcast, changed: () => {} });
    gateways.push(here, there);
  });
  afterEach(() => jest.useRealTimers());

  it("are known at each gateway, in any order, and not reported to themselves", () => {
    here.enter(patient, ADA);
    there.enter(patient, BRUNO);
    expect([names(here.others(patient, ADA)), names(there.others(patient, BRUNO)), names(here.others("Patient/2", ADA))]).toEqual([
      ["Bruno"],
      ["Ada"],
      [],
    ]);
  });

  it("stay while one of several pages is open, and a moment longer", () => {
    here.enter(patient, ADA);
    here.enter(patient, BRUNO);
    here.enter(patient, BRUNO);
    here.leave(patient, BRUNO);
    jest.advanceTimersByTime(5_000);
    expect(names(here.others(patient, ADA))).toEqual(["Bruno"]);
    here.leave(patient, BRUNO);
    here.enter(patient, BRUNO); // a page that is reloaded
    jest.advanceTimersByTime(5_000);
    expect(names(here.others(patient, ADA))).toEqual(["Bruno"]);
    here.leave(patient, BRUNO);
    jest.advanceTimersByTime(5_000);
    expect(here.others(patient, ADA)).toEqual([]);
  });

  it("are removed with their gateway", () => {
    here.enter(patient, ADA);
    there.enter(patient, BRUNO);
    here.gone("there");
    expect(here.others(patient, ADA)).toEqual([]);
  });

  it("are sent to other gateways at each change, and not more often", () => {
    here.enter(patient, ADA);
    here.enter(patient, ADA);
    expect(told).toEqual([{ node: "here", patient, people: [ADA], isAsking: true }]);
  });
});
