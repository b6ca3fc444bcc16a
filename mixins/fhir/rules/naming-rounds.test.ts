import { setImmediate as nextTurn } from "node:timers/promises";
import { Errors } from "moleculer";
import { MAX_FACTS } from "../../../federation/facts.ts";
import type { NamedResource, Naming } from "../../../federation/named-resources.ts";
import type { Caller } from "../../../mesh/caller.ts";
import { NamingRounds } from "./naming-rounds.ts";

const encounter = (id: string, patient = "Patient/ann"): NamedResource => ({ place: `Encounter/${id}`, patient, besides: [] });
const named = ({ place }: NamedResource): Naming => ({ place, by: "Condition/1", patient: "Patient/ben" });

/** `visits` asks; `records` has Condition, `visits` Encounter. */
function roundsWith(answer: (asked: NamedResource[]) => Promise<Naming[]>) {
  const calls: { owner: string; by: string; places: string[] }[] = [];
  const owners: Record<string, string> = { Condition: "records", Encounter: "visits" };
  const directory = {
    generation: 1,
    known: (type: string) => (owners[type] === undefined ? [] : [{ service: owners[type], alive: true }]),
  };
  const looks: string[][] = [];
  const store = {
    referredTo: async (_by: unknown, among: string[]) => {
      looks.push(among);
      return [];
    },
  };
  const rounds = new NamingRounds(
    { name: "visits", directory, store } as unknown as ConstructorParameters<typeof NamingRounds>[0],
    new Set(["Encounter"]),
  );
  const caller = (by: string) =>
    ({
      call: (action: string, params: { named: NamedResource[] }) => {
        calls.push({ owner: action.split(".")[0] as string, by, places: params.named.map(({ place }) => place) });
        return answer(params.named);
      },
    }) as unknown as Caller;
  return { rounds, caller, calls, looks, directory, owners };
}

describe("the question which resources refer to new ones", () => {
  const all = (asked: NamedResource[]) => Promise.resolve(asked.map(named));

  it("is sent to an owner in one call for all writes of one turn, each of which gets its own answer", async () => {
    const { rounds, caller, calls, looks } = roundsWith(all);
    const asked = ["1", "2", "3"].map((id) => rounds.ask(caller(id), [encounter(id)]));
    expect(await Promise.all(asked)).toEqual(["1", "2", "3"].map((id) => [named(encounter(id))]));
    expect(calls).toEqual([{ owner: "records", by: "1", places: ["Encounter/1", "Encounter/2", "Encounter/3"] }]);
    expect(looks).toEqual([["Encounter/1", "Encounter/2", "Encounter/3"]]); // the own store, without a call
  });

  it("is sent again in the next turn, which finds what was stored since", async () => {
    const { rounds, caller, calls } = roundsWith(all);
    await rounds.ask(caller("1"), [encounter("1")]);
    await nextTurn();
    await rounds.ask(caller("2"), [encounter("1")]);
    expect(calls).toHaveLength(2);
  });

  it("is sent once for each patient whose new resource it is", async () => {
    const { rounds, caller, calls } = roundsWith(async (asked) => asked.filter(({ patient }) => patient === "Patient/ann").map(named));
    const asked = ["Patient/ann", "Patient/ben"].map((patient) => rounds.ask(caller(patient), [encounter("1", patient)]));
    expect(await Promise.all(asked)).toEqual([[named(encounter("1"))], []]);
    expect(calls.map(({ by }) => by)).toEqual(["Patient/ann", "Patient/ben"]);
  });

  it("is sent by each write for itself if the shared call has failed", async () => {
    let failed = 0;
    const { rounds, caller, calls } = roundsWith(async (asked) => {
      failed += 1;
      if (failed === 1) throw new Errors.RequestTimeoutError({ action: "records.fhir.naming" });
      return asked.map(named);
    });
    const [first, second] = await Promise.allSettled([
      rounds.ask(caller("1"), [encounter("1")]),
      rounds.ask(caller("2"), [encounter("2")]),
    ]);
    expect(first).toMatchObject({ status: "rejected", reason: { code: 504, type: "REQUEST_TIMEOUT" } });
    expect(second).toEqual({ status: "fulfilled", value: [named(encounter("2"))] });
    expect(calls.map(({ by }) => by)).toEqual(["1", "2"]);
  });

  it("has no answer of an owner that has gone since", async () => {
    const { rounds, caller } = roundsWith(() => Promise.reject(new Errors.ServiceNotFoundError({ action: "records.fhir.naming" })));
    expect(await rounds.ask(caller("1"), [encounter("1")])).toEqual([]);
  });

  it("is split into calls of a thousand at most", async () => {
    const { rounds, caller, calls } = roundsWith(all);
    const many = Array.from({ length: MAX_FACTS + 1 }, (_, id) => encounter(`${id}`));
    const [first, second] = await Promise.all([rounds.ask(caller("1"), many), rounds.ask(caller("2"), [encounter("other")])]);
    expect([first.length, second.length]).toEqual([MAX_FACTS + 1, 1]);
    expect(calls.map(({ places }) => places.length)).toEqual([MAX_FACTS, 2]);
  });

  it("is sent to owners that have joined, and to none whose types cannot refer to the resource", async () => {
    const { rounds, caller, calls, owners, directory } = roundsWith(all);
    owners["Organization"] = "personnel";
    await rounds.ask(caller("1"), [encounter("1")]);
    owners["Claim"] = "billing";
    directory.generation += 1;
    await rounds.ask(caller("2"), [encounter("2")]);
    expect(calls.map(({ owner }) => owner)).toEqual(["records", "billing", "records"]);
  });
});
