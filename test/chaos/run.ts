/**
 * Clients at work on a whole mesh while failures are caused, each kind alone and then two at a time; at the end their answers are compared with the stored
 * data. Prints a table, and exits with 1 if anything was lost, duplicated, half written, or answered wrong.
 *
 *   npm run chaos                                    SQLite, one round of everything
 *   npm run chaos -- --store mongo --rounds 5 --clients 16
 *   npm run chaos -- --three-nats                    on a cluster of three NATS servers, one of which is killed
 *   npm run chaos -- --sequences 10000               instead random sequences of actions and FHIR, with owners killed meanwhile
 *   npm run chaos -- --cuts 50                       instead all processes are killed at the same moment, as by a power cut, and start again
 *   npm run chaos -- --full-disk                     instead one node whose disk fills up and is then enlarged; needs the right to mount one
 *   npm run chaos -- --hidden 1000                   instead requests of six kinds of rights to hospitals with and without what these may not see
 */
import { parseArgs } from "node:util";
import { CAN_SET_CLOCKS } from "../kit/clock-settings.ts";
import { fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";
import { clientsOf, type Journal, type Judgement, judge, newJournal } from "./hospital-clients.ts";
import { runNonInterference } from "../access/run-non-interference.ts";
import { fillDisk } from "./full-disk.ts";
import { cutPower } from "./power-cuts.ts";
import { runSequences } from "./run-sequences.ts";
import { type Harm, HARMS, type Times } from "./harms.ts";

const SERVICES = ["api", "transactions", "patients", "records", "lab"];

/** Failures, each with a name for the table. */
const ALONE: [name: string, harm: Harm, service: string][] = [
  ["an owner is killed", HARMS.kill, "patients"],
  ["a gateway is killed", HARMS.kill, "api"],
  ["a coordinator is killed", HARMS.kill, "transactions"],
  ["an owner hangs", HARMS.hang, "lab"],
  ["a coordinator hangs", HARMS.hang, "transactions"],
  ["an owner's cable is cut", HARMS.vanish, "patients"],
  ["a coordinator's cable is cut", HARMS.vanish, "transactions"],
  ["an owner is replaced in order", HARMS.replace, "records"],
  ["a gateway is replaced in order", HARMS.replace, "api"],
  ["Redis is killed", HARMS.redis, ""],
  ["an owner's clock is a day ahead", HARMS.clockAhead, "patients"],
  ["a coordinator's clock is a day back", HARMS.clockBack, "transactions"],
  ["all clocks are five minutes ahead", HARMS.clocksAhead, ""],
  ["NATS is killed", HARMS.nats, ""],
  ["one of three servers of NATS is killed", HARMS.oneOfThreeNats, ""],
];
const TOGETHER: [name: string, ...[Harm, string][]][] = [
  ["two owners are killed", [HARMS.kill, "patients"], [HARMS.kill, "records"]],
  ["an owner and a coordinator are killed", [HARMS.kill, "lab"], [HARMS.kill, "transactions"]],
  ["an owner hangs, another is killed", [HARMS.hang, "patients"], [HARMS.kill, "lab"]],
  ["a gateway and NATS are killed", [HARMS.kill, "api"], [HARMS.nats, ""]],
  ["an owner and one of three servers of NATS are killed", [HARMS.kill, "patients"], [HARMS.oneOfThreeNats, ""]],
];

interface Row {
  name: string;
  journal: Journal;
  judgement: Judgement;
  times: Times;
}

const { values } = parseArgs({
  options: {
    store: { type: "string", default: "sqlite" },
    rounds: { type: "string", default: "1" },
    clients: { type: "string", default: "16" },
    sequences: { type: "string" },
    hidden: { type: "string" },
    cuts: { type: "string" },
    "three-nats": { type: "boolean", default: false },
    "full-disk": { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
  },
});
const [rounds, count] = [Number(values.rounds), Number(values.clients)];
if (!["sqlite", "mongo"].includes(values.store) || !(rounds >= 1) || !(count >= 1)) {
  console.error(
    "usage: npm run chaos -- [--store sqlite|mongo] [--rounds N] [--clients N] [--three-nats] [--sequences N --seed N] [--hidden N --seed N] [--cuts N]",
  );
  process.exit(1);
}

if (values.sequences !== undefined) {
  const options = { count: Number(values.sequences), length: 12, seed: Number(values.seed), clients: count };
  process.exit((await runSequences(values.store as "sqlite" | "mongo", options)) ? 0 : 1);
}

if (values.hidden !== undefined) {
  const options = { cases: Number(values.hidden), seed: Number(values.seed) };
  process.exit((await runNonInterference(values.store as "sqlite" | "mongo", options)) ? 0 : 1);
}

if (values.cuts !== undefined) {
  const report = await cutPower({ cuts: Number(values.cuts), clients: count }, Math.random, console.error);
  console.log(JSON.stringify(report, null, 2));
  process.exit([...Object.values(report.judgement).flat(), ...report.wrong].length > 0 ? 1 : 0);
}

if (values["full-disk"]) {
  const report = await fillDisk(console.error);
  console.log(JSON.stringify(report, null, 2));
  process.exit(report.unread.length > 0 ? 1 : 0);
}

const rows: Row[] = [];
const mesh = await startMesh({
  services: SERVICES,
  replicas: Object.fromEntries(SERVICES.map((service) => [service, 2])),
  store: values.store as "sqlite" | "mongo",
  hasNatsCluster: values["three-nats"],
  hasRedis: true,
  env: CAN_SET_CLOCKS,
});
/** With three NATS servers not the single one is killed, but one of them. */
const isHere = (harm: Harm) => harm !== (values["three-nats"] ? HARMS.nats : HARMS.oneOfThreeNats);
try {
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, harm, service] of ALONE.filter(([, harm]) => isHere(harm))) {
      rows.push(await during(name, () => harm.harm(mesh, service)));
    }
    for (const [name, ...harms] of TOGETHER.filter(([, ...harms]) => harms.every(([harm]) => isHere(harm)))) {
      rows.push(await during(name, () => allOf(mesh, harms)));
    }
  }
} finally {
  await mesh.stop();
}
report(rows);

async function allOf(of: Mesh, harms: [Harm, string][]): Promise<Times> {
  const times = await Promise.all(harms.map(([{ harm }, service]) => harm(of, service)));
  return { noticed: Math.max(...times.map(({ noticed }) => noticed)), healed: Math.max(...times.map(({ healed }) => healed)) };
}

async function during(name: string, harm: () => Promise<Times>): Promise<Row> {
  const journal = newJournal();
  let isOver = false;
  const clients = clientsOf(mesh, { count, withBundles: true }, journal, () => isOver);
  const times = await harm();
  isOver = true;
  await Promise.all(clients);
  const gateway = mesh.nodes.find(({ url }) => url)?.url ?? mesh.base;
  const row = { name, journal, judgement: await judge(fhirAt(gateway), journal), times };
  console.error(`${name}: ${journal.requests} requests, ${journal.failed.length} failed, longest ${Math.round(journal.longestMs)} ms`);
  for (const text of new Set([...journal.failed, ...journal.wrong, ...Object.values(row.judgement).flat()])) console.error(`  ${text}`);
  return row;
}

function report(all: Row[]): void {
  console.log("| harm | requests | failed | wrong answers | lost | doubled | half there | longest, ms | noticed, ms | whole again, ms |");
  console.log("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
  let isHarmed = false;
  for (const { name, journal, judgement, times } of all) {
    const bad = [journal.wrong, judgement.lost, judgement.doubled, judgement.half].map(({ length }) => length);
    isHarmed ||= bad.some((number) => number > 0);
    const figures = [journal.requests, journal.failed.length, ...bad, journal.longestMs, times.noticed, times.healed];
    console.log(`| ${name} | ${figures.map((figure) => Math.round(figure)).join(" | ")} |`);
  }
  process.exitCode = isHarmed ? 1 : 0;
}
