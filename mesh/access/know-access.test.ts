/** What a node does that was not there when roles were changed. */
import { join } from "node:path";
import { Errors, ServiceBroker } from "moleculer";
import { readConfig } from "../config.ts";
import { keysInMemory } from "../trust/key-files.ts";
import { CURRENT_ROLES, type ChangedRoles } from "./changed-roles.ts";
import { type WhoMay, withGuard } from "./guard.ts";
import { knowAccess } from "./know-access.ts";
import { Stamps } from "./stamps.ts";

const OWN = join(import.meta.dirname, "../../services/identity/roles");
const CHANGED: ChangedRoles = {
  generation: 3,
  roles: { nurse: { says: "Looks at the bench.", types: {}, actions: ["lab.look"] } as never },
};

const guarded = (handler: () => unknown, whoMay: WhoMay) => ({ handler: withGuard(handler, whoMay) as () => unknown });

describe("a node that has just started", () => {
  const keys = keysInMemory();
  let broker: ServiceBroker;
  let answer: () => Promise<ChangedRoles>;
  /** The stamp of a gateway that knows the change. */
  let as: string;
  beforeEach(async () => {
    as = new Stamps(keys).make({ sub: "1", roles: ["nurse"], generation: CHANGED.generation });
    broker = new ServiceBroker({
      logger: false,
      internalServices: false,
      middlewares: [knowAccess(readConfig({ ACCESS: "closed" }), keys, OWN)],
    });
    const [service, action] = CURRENT_ROLES.split(".") as [string, string];
    broker.createService({ name: service, actions: { [action]: guarded(() => answer(), "anyone") } });
    broker.createService({ name: "lab", actions: { look: guarded(() => "seen", "role"), keep: guarded(() => "kept", "role") } });
    await broker.start();
  });
  afterEach(() => broker.stop());

  it("answers the first call by a person whose role was changed before, as it is now", async () => {
    let asked = 0;
    answer = async () => {
      asked += 1;
      return CHANGED;
    };
    const look = () => broker.call("lab.look", {}, { meta: { as } });
    expect(await Promise.all([look(), look()])).toEqual(["seen", "seen"]);
    await expect(broker.call("lab.keep", {}, { meta: { as } })).rejects.toMatchObject({ code: 403, type: "NOT_ALLOWED" });
    expect([await look(), asked]).toEqual(["seen", 1]);
  });

  it("refuses it while it cannot know the roles", async () => {
    answer = () => Promise.reject(new Errors.MoleculerRetryableError("down", 503, "STORE_UNAVAILABLE", {}));
    await expect(broker.call("lab.look", {}, { meta: { as } })).rejects.toMatchObject({ code: 503, type: "ROLES_BEHIND" });
  });
});
