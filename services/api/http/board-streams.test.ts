/** Streams of a board, by themselves: who hears of what, and who is ended. */
import { anybodyAt } from "./client-address.ts";
import { once } from "node:events";
import { createServer, get, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { BoardChanges } from "../../wards/board-events.contract.ts";
import { refusal } from "../../../test/kit/clinic.ts";
import { BOARD_EVENTS_PATH, BoardStreams, isForBoardStream } from "./board-streams.ts";
import { httpError } from "./http-error.ts";

const touched = (id: string) => ({ id, type: "Encounter", resource: "1", version: 1 });
const inWard = (ward: string, ...beds: string[]): BoardChanges => ({ isAll: false, wards: [{ ward, beds }] });

describe("the event streams of a board", () => {
  let server: Server;
  let streams: BoardStreams;
  let changes: () => Promise<BoardChanges>;
  let isSignedIn: boolean;
  const answers: IncomingMessage[] = [];
  beforeEach(async () => {
    isSignedIn = true;
    changes = () => Promise.resolve(inWard("Location/1", "Location/11"));
    streams = new BoardStreams({
      isReady: () => true,
      enter: () => (isSignedIn ? Promise.resolve() : Promise.reject(httpError(401, "INVALID_TOKEN", "no"))),
      locate: () => changes(),
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

  const listen = async (query = "", last?: string) => {
    const { port } = server.address() as AddressInfo;
    const [answer] = (await once(
      get({ port, host: "127.0.0.1", path: `${BOARD_EVENTS_PATH}${query}`, ...(last && { headers: { "Last-Event-ID": last } }) }),
      "response",
    )) as [IncomingMessage];
    answers.push(answer);
    answer.setEncoding("utf8");
    let text = "";
    let heard = () => {};
    answer.on("data", (chunk: string) => {
      text += chunk;
      heard();
    });
    return {
      answer,
      /** Resolves with the events so far when there are as many. */
      async events(count: number): Promise<{ id: string; data: Record<string, unknown> }[]> {
        for (;;) {
          const all = [...text.matchAll(/^id: (.*)\nevent: board\ndata: (.*)\n\n/gm)];
          if (all.length >= count) {
            return all.map(([, id = "", data = "{}"]) => ({ id, data: JSON.parse(data) as Record<string, unknown> }));
          }
          await new Promise<void>((resolve) => {
            heard = resolve;
          });
        }
      },
    };
  };

  it("send a page the changes of its own ward, as ids only", async () => {
    const [all, own, other] = [await listen(), await listen("?ward=Location/1"), await listen("?ward=Location/2")];
    streams.touch(touched("a"));
    const event = { id: "a", data: { isAll: false, wards: ["Location/1"], beds: ["Location/11"], at: expect.any(String) } };
    expect([await all.events(1), await own.events(1)]).toEqual([[event], [event]]);
    changes = () => Promise.resolve(inWard("Location/2"));
    streams.touch(touched("b"));
    expect(await other.events(1)).toMatchObject([{ id: "b", data: { wards: ["Location/2"], beds: [] } }]);
    expect(all.answer.headers).toMatchObject({ "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store" });
  });

  it("send a returning client what it missed, or that anything may have changed if that is not known", async () => {
    const first = await listen();
    streams.touch(touched("a"));
    await first.events(1);
    changes = () => Promise.resolve(inWard("Location/2", "Location/21"));
    streams.touch(touched("b"));
    await first.events(2);
    expect(await (await listen("", "a")).events(1)).toMatchObject([{ id: "b", data: { wards: ["Location/2"], beds: ["Location/21"] } }]);
    expect(await (await listen("?ward=Location/1", "gone")).events(1)).toMatchObject([
      { id: "b", data: { isAll: true, wards: ["Location/1"] } },
    ]);
  });

  it("report that anything may have changed if the changes are not known", async () => {
    const page = await listen("?ward=Location/1");
    changes = () => Promise.reject(new Error("wards is down"));
    streams.touch(touched("a"));
    expect(await page.events(1)).toMatchObject([{ data: { isAll: true, wards: ["Location/1"] } }]);
    streams.refreshAll();
    expect((await page.events(2))[1]).toMatchObject({ data: { isAll: true } });
  });

  it("end with the token, before anything more is sent", async () => {
    const page = await listen();
    isSignedIn = false;
    const ended = once(page.answer, "end");
    streams.touch(touched("a"));
    await ended;
    expect(await page.events(0)).toEqual([]);
    expect((await listen()).answer.statusCode).toBe(401);
    isSignedIn = true;
    const other = await listen();
    isSignedIn = false;
    const endedToo = once(other.answer, "end");
    streams.look();
    await endedToo;
  });

  it("end for a client that does not read, and continue for others", async () => {
    const [slow, page] = [await listen(), await listen()];
    slow.answer.socket.pause();
    slow.answer.pause();
    const wards = Array.from({ length: 20_000 }, (_, ward) => ({ ward: `Location/${ward}`, beds: [`Location/${ward}-bed`] }));
    changes = () => Promise.resolve({ isAll: false, wards });
    for (let count = 1; streams.size === 2; count += 1) {
      streams.touch(touched(`${count}`));
      await page.events(count);
    }
    expect(streams.size).toBe(1);
  });

  it("refuse a ward that does not exist, and methods other than GET", async () => {
    expect((await listen("?ward=Patient/1")).answer.statusCode).toBe(400);
    expect(isForBoardStream({ method: "POST", url: BOARD_EVENTS_PATH } as IncomingMessage)).toBe(false);
    const full = new BoardStreams({ isReady: () => false, enter: () => Promise.resolve(), locate: () => changes() });
    await expect(full.open({ url: BOARD_EVENTS_PATH, headers: {} } as IncomingMessage, {} as never, anybodyAt("client"))).rejects.toEqual(
      refusal(503, "OVERLOADED"),
    );
    full.close();
  });
});
