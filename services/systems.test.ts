/** Which services make up a system that somebody has chosen. */
import { readConfig } from "../mesh/config.ts";
import { refuseMembersWithoutNeeded, refuseToRetire, withNeeded } from "./systems.ts";

const clinic = (env: Record<string, string>) => readConfig({ SERVICES: "patients,visits", ...env });

describe("a choice of services", () => {
  it("is a whole mesh with a gateway, and with what people sign in with and are on record by where they have to", () => {
    expect(withNeeded(clinic({ ACCESS: "open" })).services).toEqual(["api", "patients", "visits"]);
    expect(withNeeded(clinic({ ACCESS: "closed" })).services).toEqual(["api", "identity", "ledger", "patients", "visits"]);
    const whole = withNeeded(clinic({ ACCESS: "closed", SERVICES: "ledger,identity,api,patients" }));
    expect(whole.services).toEqual(["ledger", "identity", "api", "patients"]);
  });

  it("is a part of one over NATS from elsewhere: what else there is runs on other machines", () => {
    expect(withNeeded(clinic({ ACCESS: "closed", NATS_URL: "nats://nats.example" })).services).toEqual(["patients", "visits"]);
  });
});

describe("a system where people sign in", () => {
  const members = (MEMBERS: string, ACCESS: string) => () => refuseMembersWithoutNeeded(readConfig({ MEMBERS, ACCESS }));

  it("is not declared without what they sign in with and are on record by", () => {
    expect(members("api,patients", "closed")).toThrow("MEMBERS lacks identity and ledger, which a system needs where people sign in");
    expect(members("api,patients,identity", "closed")).toThrow("MEMBERS lacks ledger,");
    expect(members("api,patients,identity,ledger", "closed")).not.toThrow();
    expect(members("api,patients", "open")).not.toThrow();
  });

  it("does not lose it either", () => {
    for (const service of ["identity", "ledger"]) {
      expect(() => refuseToRetire({ access: "closed" }, service)).toThrow(`"${service}" cannot be retired where people sign in`);
      expect(() => refuseToRetire({ access: "open" }, service)).not.toThrow();
    }
    expect(() => refuseToRetire({ access: "closed" }, "lab")).not.toThrow();
  });

  it.each(["api", "transactions"])("never loses %s, without which no client reaches it, or no bundle is written", (service) => {
    for (const access of ["open", "closed"] as const) {
      expect(() => refuseToRetire({ access }, service)).toThrow(`"${service}" cannot be retired, because every system needs it`);
    }
  });
});
