/** Subscriptions from the handshake to their end, with an endpoint of another system. */
import { jest } from "@jest/globals";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServiceBroker } from "moleculer";
import { allRelayed, eventually } from "../../test/kit/events.ts";
import { type Endpoint, startEndpoint, subscription } from "../../test/kit/endpoint.ts";
import { type Clinic, startClinic } from "../../test/kit/clinic.ts";
import type { Subscription } from "../../fhir/r4.ts";
import { ownerOf } from "../../federation/owner-contract.ts";
import { readConfig } from "../../mesh/config.ts";
import { nonNull } from "../../fhir/non-null.ts";
import type { EventConsumer } from "../../mixins/events/consumer.ts";
import { task } from "../../mixins/events/event.ts";
import type { WithFhir } from "../../mixins/fhir/fhir.ts";
import type { WatchedTypes } from "../../mixins/events/watched-types.ts";
import { FileBusy } from "../../store/sqlite/database.ts";
import PatientsService from "../patients/patients.service.ts";
import VisitsService from "../visits/visits.service.ts";
import { ArmedSubscriptions } from "./armed.ts";
import SubscriptionsService from "./subscriptions.service.ts";

describe("subscriptions", () => {
  let clinic: Clinic;
  let endpoint: Endpoint;
  let next = 0;
  beforeAll(async () => {
    clinic = await startClinic(SubscriptionsService(readConfig({ SUBSCRIPTION_NETWORKS: "127.0.0.1" })), PatientsService, VisitsService);
  });
  afterAll(() => clinic.stop());
  beforeEach(async () => {
    endpoint = await startEndpoint();
  });
  afterEach(() => endpoint.close());

  const put = (service: string, type: string, id: string, resource: object) =>
    ownerOf(service).write(clinic.caller, {
      steps: [{ op: "update", type, id, text: JSON.stringify({ resourceType: type, ...resource }), upsert: true }],
    });
  const patient = (id: string, family: string) => put("patients", "Patient", id, { name: [{ family }] });
  const read = (id: string) => clinic.read("subscriptions", `Subscription/${id}`) as unknown as Promise<Subscription>;
  const settled = (id: string) =>
    eventually(
      () => read(id),
      ({ status }) => status !== "requested",
    );
  const subscribe = async (criteria: string, channel: Partial<Subscription["channel"]> = {}) => {
    next += 1;
    const id = `s${next}`;
    await put("subscriptions", "Subscription", id, subscription(criteria, { endpoint: endpoint.url, ...channel }));
    return { id, ...(await settled(id)) };
  };

  it("become active once the endpoint has answered, and then notify of what a search would find", async () => {
    await patient("before", "Rossi");
    await allRelayed(clinic.caller, "patients", "subscriptions"); // what is still on its way may be told of
    expect(await subscribe("Patient?family=rossi", { header: ["Authorization: Bearer abc"] })).toMatchObject({ status: "active" });
    expect(endpoint.handshakes).toMatchObject([{ method: "POST", path: "/hook", headers: { authorization: "Bearer abc" }, body: "" }]);
    await patient("a", "Rossi");
    await patient("b", "Bianchi");
    await patient("b", "Rossi-Bianchi"); // a family name that begins so
    await ownerOf("patients").write(clinic.caller, { steps: [{ op: "delete", type: "Patient", id: "a" }] });
    await endpoint.until(2);
    await allRelayed(clinic.caller, "patients", "subscriptions");
    expect(endpoint.received).toMatchObject([
      { method: "POST", path: "/hook", headers: { "x-event-id": "Patient/a/1", authorization: "Bearer abc" }, body: "" },
      { method: "POST", path: "/hook", headers: { "x-event-id": "Patient/b/2" }, body: "" },
    ]);
  });

  it("send the resource as written, if the client wants it", async () => {
    await subscribe("Patient?family=verdi", { payload: "application/fhir+json" });
    await patient("v", "Verdi");
    await endpoint.until(1);
    const [{ method, path, headers, body }] = endpoint.received as [Endpoint["received"][number]];
    expect([method, path, headers["content-type"]]).toEqual(["PUT", "/hook/Patient/v", "application/fhir+json"]);
    expect(JSON.parse(body)).toMatchObject({ resourceType: "Patient", id: "v", meta: { versionId: "1" }, name: [{ family: "Verdi" }] });
  });

  it("follow a chained search to another service", async () => {
    await patient("neri", "Neri");
    await subscribe("Encounter?subject:Patient.family=neri");
    const encounter = (subject: string) => ({ status: "finished", class: { code: "AMB" }, subject: { reference: `Patient/${subject}` } });
    await put("visits", "Encounter", "other", encounter("before"));
    await put("visits", "Encounter", "own", encounter("neri"));
    await endpoint.until(1);
    await allRelayed(clinic.caller, "visits", "subscriptions");
    expect(endpoint.received.map(({ headers }) => headers["x-event-id"])).toEqual(["Encounter/own/1"]);
  });

  it("whose criteria ask a service that is down wait for it, and hold up no others", async () => {
    await patient("asked", "Asked");
    await patient("other", "Other");
    await subscribe("Encounter?status=planned&subject:Patient.family=asked");
    const others = await startEndpoint();
    await subscribe("Encounter?status=planned", { endpoint: others.url });
    const { store } = clinic.hosted<WithFhir>("patients");
    for (const question of ["search", "joinKeys"] as const) {
      jest.spyOn(store, question).mockRejectedValue(new FileBusy("/data/patients.db"));
    }
    for (const id of ["other", "asked"]) {
      await put("visits", "Encounter", `of-${id}`, { status: "planned", class: { code: "AMB" }, subject: { reference: `Patient/${id}` } });
    }
    await others.until(2);
    expect(endpoint.received).toEqual([]);
    jest.restoreAllMocks();
    await endpoint.until(1);
    await allRelayed(clinic.caller, "visits", "subscriptions");
    expect(endpoint.received.map(({ headers }) => headers["x-event-id"])).toEqual(["Encounter/of-asked/1"]);
    expect(others.received).toHaveLength(2);
    others.close();
  });

  it("retry until the endpoint has accepted it, in order and with the same id", async () => {
    await subscribe("Patient?family=blu");
    endpoint.answers.push(500, 404);
    await patient("x", "Blu");
    await patient("y", "Blu");
    await endpoint.until(4);
    await allRelayed(clinic.caller, "patients", "subscriptions");
    const ids = endpoint.received.map(({ headers }) => headers["x-event-id"]);
    expect(ids).toEqual(["Patient/x/1", "Patient/x/1", "Patient/x/1", "Patient/y/1"]);
  });

  it("fail with a message if there is no answer, or a redirect", async () => {
    endpoint.answers.push(500, 500, 500);
    expect(await subscribe("Patient?family=a")).toMatchObject({ status: "error", error: expect.stringContaining("500") });
    endpoint.answers.push(...Array.from({ length: 3 }, (): [number, Record<string, string>] => [302, { Location: endpoint.url }]));
    expect(await subscribe("Patient?family=a")).toMatchObject({
      status: "error",
      error: expect.stringContaining("redirects are not followed"),
    });
    expect(endpoint.received).toEqual([]);
  });

  it("end when their endpoint has failed for 30 minutes, not because a notification is that old", async () => {
    const { id } = await subscribe("Patient?family=b");
    await patient("old", "Nobody");
    const { fhir } = clinic.hosted<WithFhir>("subscriptions");
    const notice = { subscription: id, type: "Patient", id: "old", version: 1, event: "Patient/old/1" };
    const written = (at: number) => {
      jest.spyOn(Date, "now").mockReturnValueOnce(at);
      return fhir.write([task({ id: `${id}/${at}`, event: "subscriptions.notify", key: `Subscription/${id}`, payload: notice })]);
    };
    endpoint.answers.push(500);
    await written(Date.now() - 3_600_000);
    await endpoint.until(2);
    await allRelayed(clinic.caller, "subscriptions");
    expect(await read(id)).toMatchObject({ status: "active" });

    const { failingSince } = clinic.hosted<{ failingSince: Map<string, number> }>("subscriptions");
    expect(failingSince.size).toBe(0);
    failingSince.set(id, Date.now() - 1_800_000);
    endpoint.answers.push(500);
    await written(Date.now());
    await allRelayed(clinic.caller, "subscriptions");
    expect(await read(id)).toMatchObject({ status: "error", error: expect.stringContaining("30 minutes") });
    jest.restoreAllMocks();
  });

  it("become active a moment later if the store could not be reached", async () => {
    const { armed } = clinic.hosted<{ armed: ArmedSubscriptions }>("subscriptions");
    jest.spyOn(armed, "arm").mockRejectedValueOnce(new FileBusy("/data/subscriptions.db"));
    expect(await subscribe("Patient?family=a")).toMatchObject({ status: "active" });
    jest.restoreAllMocks();
  });

  it.each([
    ["this machine by another address", "http://127.0.0.2:1/hook"],
    ["this machine in IPv6", "https://[::1]:1/hook"],
    ["this machine in hexadecimal", "https://0x7f000002:1/hook"],
    ["a cloud's metadata", "http://169.254.169.254/latest"],
    ["a public address without TLS", "http://8.8.8.8/hook"],
  ])("are refused when they lead to %s", async (_, address) => {
    const { status, error } = await subscribe("Patient?family=a", { endpoint: address });
    expect([status, error]).toEqual(["error", expect.stringContaining("SUBSCRIPTION_NETWORKS")]);
  });

  it("end if their client says so, begin again with a new handshake when changed, and cannot be set `active` by a client", async () => {
    const { id } = await subscribe("Patient?family=gialli");
    await put("subscriptions", "Subscription", id, { ...subscription("Patient?family=gialli", { endpoint: endpoint.url }), status: "off" });
    await allRelayed(clinic.caller, "subscriptions");
    await patient("g", "Gialli");
    await allRelayed(clinic.caller, "patients", "subscriptions");
    expect(endpoint.received).toEqual([]);

    const changed = { ...subscription("Patient?family=grigi", { endpoint: endpoint.url }), status: "active" };
    await put("subscriptions", "Subscription", id, changed);
    await eventually(
      () => read(id),
      ({ status, meta }) => status === "active" && Number(meta?.versionId) > 4,
    );
    expect(endpoint.handshakes).toHaveLength(2);
    await patient("g", "Grigi");
    await endpoint.until(1);
    expect(endpoint.received.map(({ headers }) => headers["x-event-id"])).toEqual(["Patient/g/2"]);
  });

  it("stop an owner's notifications when the last one ends, even if the owner could not be reached at first", async () => {
    const { id, ...active } = await subscribe("Schedule?active=true");
    const { watched } = clinic.hosted<{ watched: WatchedTypes }>("visits");
    expect(watched.emitted.has("Schedule")).toBe(true);
    const unwatch = jest.spyOn(watched, "unwatch").mockRejectedValueOnce(new Error("a fault"));
    await put("subscriptions", "Subscription", id, { ...active, status: "off" });
    await eventually(
      async () => watched.emitted.has("Schedule"),
      (isWatched) => !isWatched,
    );
    expect(unwatch).toHaveBeenCalledTimes(2);
    jest.restoreAllMocks();
  });

  it("count waiting notifications once for all events of a second, and accept no more while there are too many", async () => {
    const { store, isOverloaded, counted } = clinic.hosted<WithFhir & { isOverloaded(): Promise<boolean>; counted: { at: number } }>(
      "subscriptions",
    );
    const state = jest.spyOn(store, "outboxState");
    for (const [waiting, expected] of [
      [100_001, true],
      [100_000, false],
    ] as const) {
      counted.at = Number.NEGATIVE_INFINITY;
      state.mockClear().mockResolvedValueOnce({ waiting });
      expect(await Promise.all([isOverloaded(), isOverloaded(), isOverloaded()])).toEqual([expected, expected, expected]);
      expect(state).toHaveBeenCalledTimes(1);
    }
    jest.restoreAllMocks();
  });

  it("end after their time", async () => {
    const { id, ...active } = await subscribe("Patient?family=viola");
    const end = new Date(Date.now() + 300).toISOString();
    await put("subscriptions", "Subscription", id, { ...active, end });
    await allRelayed(clinic.caller, "subscriptions");
    await new Promise((resolve) => setTimeout(resolve, 310)); // that time is what it is about
    await patient("w", "Viola");
    expect(
      await eventually(
        () => read(id),
        ({ status }) => status !== "active",
      ),
    ).toMatchObject({ status: "off" });
    expect(endpoint.received).toEqual([]);
  });
});

it("an event that arrives while subscriptions are being read is retried, not dropped", async () => {
  let read = (): void => {};
  const reading = new Promise<void>((begun) => {
    jest.spyOn(ArmedSubscriptions.prototype, "look").mockImplementationOnce(() => {
      begun();
      return new Promise<void>((resolve) => {
        read = resolve;
      });
    });
  });
  const broker = new ServiceBroker({ logger: false, internalServices: false });
  const service = broker.createService(SubscriptionsService(readConfig({}))) as unknown as { consumer: EventConsumer };
  const dataDir = process.env.DATA_DIR;
  process.env.DATA_DIR = mkdtempSync(join(tmpdir(), "openward-subscriptions-"));
  const started = broker.start();
  await reading;
  const payload = { type: "Patient", id: "a", version: 1, method: "create" };
  const event = { id: "Patient/a/1", event: "fhir.Patient", key: "Patient/a", at: 0, payload };
  expect(await service.consumer.attempt(event, 1_000)).toEqual(expect.any(Number));
  read();
  await started;
  expect(await service.consumer.attempt(event, 0)).toBeUndefined();
  await broker.stop();
  rmSync(nonNull(process.env.DATA_DIR), { recursive: true });
  if (dataDir === undefined) delete process.env.DATA_DIR;
  else process.env.DATA_DIR = dataDir;
});
