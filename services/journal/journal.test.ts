import { openAccess, setAccess } from "../../mesh/access/access.ts";
import { anomaliesOf } from "../../mesh/anomalies.ts";
import { AnomalyKind, noteAnomalies } from "../../mesh/anomalies-contract.ts";
import { type Clinic, refusal, startClinic } from "../../test/kit/clinic.ts";
import { journal } from "./journal.contract.ts";
import { anomalyFrom, anomalyOf, KEEP_MS } from "./journal.model.ts";
import JournalService from "./journal.service.ts";

const failed = { kind: AnomalyKind.failedRequest, subject: "OWNER_DOWN", node: "api-1", status: 503, trace: "r1", count: 1 };

describe("an anomaly", () => {
  it("is the same within one minute, and another one in the next", () => {
    const first = anomalyOf({ ...failed, at: 60_000 });
    expect(anomalyOf({ ...failed, at: 119_999, trace: "r2" })._id).toBe(first._id);
    expect(anomalyOf({ ...failed, at: 120_000 })._id).not.toBe(first._id);
    expect(anomalyOf({ ...failed, at: 60_000, node: "api-2" })._id).not.toBe(first._id);
  });

  it("has an ISO time, and is kept for 30 days", () => {
    const stored = anomalyOf({ ...failed, at: 0 });
    expect(anomalyFrom(stored)).toMatchObject({ firstAt: "1970-01-01T00:00:00.000Z", trace: "r1", status: 503, count: 1 });
    expect(stored.expiresAt).toBe(KEEP_MS);
  });
});

describe("the journal", () => {
  let clinic: Clinic;
  beforeEach(async () => {
    clinic = await startClinic(JournalService);
  });
  afterEach(() => clinic.stop());

  it("counts repetitions, and lists the newest first", async () => {
    const at = Math.floor(Date.now() / 60_000) * 60_000;
    await journal.note(clinic.caller, { reports: [{ ...failed, at: at - 60_000 }] });
    await journal.note(clinic.caller, {
      reports: [
        { ...failed, count: 2, at },
        { ...failed, at: at + 1 },
      ],
    });
    expect(await journal.list(clinic.caller, {})).toMatchObject([{ count: 3 }, { count: 1 }]);
    expect(await journal.list(clinic.caller, { since: new Date(at).toISOString() })).toHaveLength(1);
    expect(await journal.list(clinic.caller, { kind: AnomalyKind.nodeLost })).toEqual([]);
  });

  it("counts one lost node as one loss, even if many nodes report it", async () => {
    const at = Math.floor(Date.now() / 60_000) * 60_000;
    const lost = { kind: AnomalyKind.nodeLost, subject: "lab-1", node: "lab-1", count: 1, at };
    for (let observer = 0; observer < 3; observer += 1) await journal.note(clinic.caller, { reports: [lost] });
    expect(await journal.list(clinic.caller, {})).toMatchObject([{ kind: "node-lost", subject: "lab-1", count: 1 }]);
  });

  it("loses none of 64 concurrent anomalies", async () => {
    const at = Math.floor(Date.now() / 60_000) * 60_000;
    await Promise.all(Array.from({ length: 64 }, () => journal.note(clinic.caller, { reports: [{ ...failed, at }] })));
    expect(await journal.list(clinic.caller, {})).toMatchObject([{ count: 64 }]);
  });

  it.each([
    ["another kind", { ...failed, kind: "gossip", at: 0 }],
    ["no count", { ...failed, count: 0, at: 0 }],
    ["more than is asked for", { ...failed, at: 0, patient: "Rossi" }],
  ])("refuses %s", async (_, report) => {
    await expect(noteAnomalies(clinic.caller, { reports: [report as never] })).rejects.toEqual(refusal(422, "VALIDATION_ERROR"));
  });
});

describe("a node's reports", () => {
  it("are sent to the journal together, and wait while it is down", async () => {
    const { ServiceBroker } = await import("moleculer");
    const broker = new ServiceBroker({ logger: false });
    setAccess(broker, openAccess());
    const reporter = anomaliesOf(broker);
    for (let index = 0; index < 600; index += 1) reporter.report({ kind: AnomalyKind.failedRequest, subject: `E${index}`, status: 500 });
    reporter.report({ kind: AnomalyKind.failedRequest, subject: "E599", status: 500 });
    await broker.start();
    await reporter.flush(); // nobody is there
    const taken: { subject: string; count: number }[][] = [];
    broker.createService({
      name: "journal",
      actions: {
        note(ctx: { params: { reports: { subject: string; count: number }[] } }) {
          taken.push(ctx.params.reports);
          return null;
        },
      },
    } as never);
    await broker.waitForServices("journal");
    await reporter.flush();
    expect(taken.map(({ length }) => length)).toEqual([100, 100, 100, 100, 100]);
    expect(taken.flat()[0]).toMatchObject({ subject: "E100" }); // the oldest were forgotten
    expect(taken.flat().at(-1)).toMatchObject({ subject: "E599", count: 2 });
    await broker.stop();
  });

  it("reach a journal of an older version except for kinds that it does not know", async () => {
    const { Errors, ServiceBroker } = await import("moleculer");
    const broker = new ServiceBroker({ logger: false });
    setAccess(broker, openAccess());
    const taken: string[] = [];
    broker.createService({
      name: "journal",
      actions: {
        note(ctx: { params: { reports: { kind: string; subject: string }[] } }) {
          const { reports } = ctx.params;
          if (reports.some(({ kind }) => kind === AnomalyKind.settingsDiffer)) throw new Errors.ValidationError("No such kind.");
          taken.push(...reports.map(({ subject }) => subject));
          return null;
        },
      },
    } as never);
    await broker.start();
    const reporter = anomaliesOf(broker);
    const subjects = Array.from({ length: 120 }, (_, index) => `E${index}`);
    for (const subject of subjects) {
      reporter.report({ kind: AnomalyKind.failedRequest, subject, status: 500 });
      if (subject === "E7") reporter.report({ kind: AnomalyKind.settingsDiffer, subject: "RULES of lab-1" });
    }
    await reporter.flush();
    expect(taken).toEqual(subjects);
    await broker.stop();
  });

  it("include an opened circuit and a lost node", async () => {
    const { ServiceBroker } = await import("moleculer");
    const { ReportAnomalies } = await import("../../mesh/anomalies.ts");
    const broker = new ServiceBroker({ logger: false, middlewares: [ReportAnomalies] });
    setAccess(broker, openAccess());
    const noted: object[] = [];
    broker.createService({
      name: "journal",
      actions: {
        note(ctx: { params: { reports: object[] } }) {
          noted.push(...ctx.params.reports);
          return null;
        },
      },
    } as never);
    await broker.start();
    broker.broadcastLocal("$circuit-breaker.opened", { nodeID: "lab-1", action: { name: "lab.order" } });
    broker.broadcastLocal("$node.disconnected", { node: { id: "lab-1" }, unexpected: true });
    broker.broadcastLocal("$node.disconnected", { node: { id: "lab-2" }, unexpected: false });
    await anomaliesOf(broker).flush();
    expect(noted).toMatchObject([
      { kind: "circuit-opened", subject: "lab.order of lab-1" },
      { kind: "node-lost", subject: "lab-1", node: "lab-1" },
    ]);
    await broker.stop();
  });
});
