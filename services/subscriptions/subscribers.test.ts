/** Whether who has subscribed may still hear, by what `identity` says of them. */
import { Errors } from "moleculer";
import type { Access } from "../../mesh/access/access.ts";
import type { Caller } from "../../mesh/caller.ts";
import type { Store } from "../../store/store.ts";
import { Subscribers } from "./subscribers.ts";

describe("the subscribers", () => {
  const author = JSON.stringify({ who: "Practitioner/1", role: "nurse", client: "app" });
  const store = { read: async () => ({ version: 1 }), readVersion: async () => ({ author }) } as unknown as Store;
  const access = {
    isOpen: false,
    rightsOf: ({ roles }: { roles: string[] }) => ({
      with: (type: string) => (roles.includes("nurse") && type !== "Invoice" ? "all" : "none"),
    }),
  } as unknown as Access;
  const by = (standing: () => Promise<unknown>) => new Subscribers(access, { call: standing } as unknown as Caller, () => store);

  it.each([
    ["as a nurse hears", { roles: ["nurse"] }, true],
    ["with another role hears nothing", { roles: ["auditor"] }, false],
    ["whose account is closed hears nothing", null, false],
  ])("%s", async (_, standing, may) => {
    expect(await by(async () => standing).mayHear("s", ["Observation"])).toBe(may);
  });

  it("hears nothing that is decided by resources which it may not search", async () => {
    expect(await by(async () => ({ roles: ["nurse"] })).mayHear("s", ["Observation", "Invoice"])).toBe(false);
  });

  it.each([
    ["is not there", new Errors.ServiceNotFoundError({ action: "identity.standing" })],
    ["has lost its store", new Error("connect ECONNREFUSED 10.0.0.1:27017")],
    ["fails over the wire", new Errors.MoleculerError("database is not open", 500)],
    ["does not answer", new Errors.RequestTimeoutError({ action: "identity.standing", nodeID: "n" })],
  ])("waits while identity %s, and is asked again", async (_, error) => {
    const answers = [Promise.reject(error), Promise.resolve({ roles: ["nurse"] })];
    const subscribers = by(() => answers.shift() as Promise<unknown>);
    const refused = await subscribers.mayHear("s", ["Observation"]).catch((thrown: Error) => thrown);
    expect(refused).toMatchObject({ retryable: true });
    expect((refused as Error).message).not.toMatch(/database|ECONNREFUSED/);
    expect(await subscribers.mayHear("s", ["Observation"])).toBe(true);
  });
});
