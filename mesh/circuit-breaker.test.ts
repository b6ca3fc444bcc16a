import { type Context, Errors, ServiceBroker } from "moleculer";
import { ownerDown, serviceDown } from "../federation/errors.ts";
import { brokerOptions } from "../moleculer.config.ts";
import { readConfig } from "./config.ts";

const [OWN, OTHER] = ["ward.admit", "lab.order"];

describe("an action whose calls fail", () => {
  let ward: ServiceBroker;
  let fails: Error | undefined;

  beforeEach(async () => {
    ward = new ServiceBroker(brokerOptions(readConfig({ ACCESS: "open", LOG_LEVEL: "fatal" })));
    ward.createService({
      name: "ward",
      actions: {
        admit: ({ params }: Context<{ needsLab: boolean }>) => {
          if (params.needsLab && fails) throw fails;
          return "admitted";
        },
      },
    });
    await ward.start();
  });
  afterEach(() => ward.stop());

  /** Forty admissions fail; then one comes that would not. */
  async function afterFailures(error: Error): Promise<unknown> {
    fails = error;
    await Promise.allSettled(Array.from({ length: 40 }, () => ward.call(OWN, { needsLab: true }, { retries: 0 })));
    return ward.call(OWN, { needsLab: false });
  }

  it.each([
    ["the owner of a type that it needs is down", ownerDown("Observation")],
    ["a service that it needs is down", serviceDown("lab")],
    ["a service that it needs refuses its calls", new Errors.ServiceNotAvailableError({ action: OTHER, nodeID: "lab-1" })],
    ["a service that it needs does not answer", new Errors.RequestTimeoutError({ action: OTHER, nodeID: "lab-1" })],
    ["a service that it needs has died", new Errors.RequestRejectedError({ action: OTHER, nodeID: "lab-1" })],
    ["its node had too much to do to begin in time", new Errors.RequestSkippedError({ action: OWN, nodeID: "ward-1" })],
    ["its node cannot do what was asked for", new Errors.MoleculerError("Not with a key.", 501, "NOT_SUPPORTED")],
    [
      "its disk is full, which the caller of each write must learn",
      new Errors.MoleculerRetryableError("The store is full.", 507, "STORE_FULL"),
    ],
    ["its callers ask for what does not exist", new Errors.MoleculerClientError("No such bed.", 404, "NOT_FOUND")],
  ])("is still carried out for others if %s", async (_, error) => {
    await expect(afterFailures(error)).resolves.toBe("admitted");
  });

  it.each([
    ["its own store fails", new Errors.MoleculerRetryableError("The store cannot be used.", 503, "STORE_UNAVAILABLE")],
    ["its own node does not answer", new Errors.RequestTimeoutError({ action: OWN, nodeID: "ward-1" })],
    ["it has a bug", new Error("undefined is not a bed")],
  ])("is refused for a moment if %s", async (_, error) => {
    await expect(afterFailures(Object.assign(error, { code: (error as { code?: number }).code ?? 500 }))).rejects.toMatchObject({
      code: 404,
      type: "SERVICE_NOT_AVAILABLE",
    });
  });
});
