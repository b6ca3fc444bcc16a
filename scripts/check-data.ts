/**
 * Looks through all that is stored for what cannot be, beside a running system or without one; changes nothing.
 *
 *   npm run check-data                    -- --json for machines
 *   npm run check-data -- --repair        proposes what puts it right, asks, and writes it through the FHIR API of the system that runs
 *   npm run check-data -- --repair --yes  does not ask
 */
import { createInterface } from "node:readline/promises";
import { type Config, readConfig } from "../mesh/config.ts";
import { type CheckOptions, checkData } from "./check-data/check.ts";
import type { CheckReport } from "./check-data/findings.ts";
import { proposalFor } from "./check-data/repair/proposals.ts";
import { putter, scopeFor } from "./check-data/repair/by-fhir.ts";
import { repair } from "./check-data/repair/repair.ts";
import { closeAll, openSources, type OwnerSource } from "./check-data/owner-stores.ts";
import { asText } from "./check-data/text.ts";
import { ownTokens } from "./identity/try-account.ts";
import { gatewayUrl } from "./start/address.ts";
import { sentenceOf, StartupError } from "./start/startup-error.ts";

/** Resources between two lines of progress. */
const EVERY = 50_000;
const KNOWN = ["--json", "--repair", "--yes"];

try {
  const args = process.argv.slice(2);
  const unknown = args.find((arg) => !KNOWN.includes(arg));
  const usage = "Usage: npm run check-data [-- --json], or npm run check-data -- --repair [--yes]";
  if (unknown !== undefined) throw new StartupError(`Unknown argument ${unknown}. ${usage}`);
  const [isRepair, isYes, isJson] = ["--repair", "--yes", "--json"].map((it) => args.includes(it));
  if ((isYes && !isRepair) || (isRepair && isJson)) throw new StartupError(usage);
  const config = readConfig();
  const sources = await openSources(config);
  try {
    const options: CheckOptions = { rules: config.rules, progress: progress() };
    let report = await checkData(sources, options);
    if (isRepair && report.findings.length + report.doubts.length > 0) {
      report = await repaired(report, { sources, config, options, isYes: isYes === true });
    }
    console.log(isJson ? JSON.stringify(report, null, 2) : asText(report));
    if (report.findings.length > 0) process.exitCode = 2;
  } finally {
    await closeAll(sources);
  }
} catch (error) {
  console.error(sentenceOf(error, { host: "", port: 0 }));
  process.exitCode = 1;
}

function progress(): (resources: number) => void {
  let next = EVERY;
  return (resources) => {
    if (resources < next) return;
    next = resources + EVERY;
    console.error(`${resources} resources …`);
  };
}

/** @returns what is still wrong, if something was written */
async function repaired(
  report: CheckReport,
  { sources, config, options, isYes }: { sources: OwnerSource[]; config: Config; options: CheckOptions; isYes: boolean },
): Promise<CheckReport> {
  // Findings that need a person's knowledge are asked about, and never repaired without an answer.
  const all = isYes ? report.findings : [...report.findings, ...report.doubts];
  const proposals = await Promise.all(all.map((finding) => proposalFor(finding, sources)));
  const types = proposals.flatMap((it) => ("reference" in it ? [it.next.resourceType] : []));
  const isAsked = isYes || process.stdin.isTTY === true;
  const url = gatewayUrl(config);
  const token = isAsked && types.length > 0 ? (await ownTokens(config, url, scopeFor(types)))?.("system") : undefined;
  const asking = isYes || !isAsked ? undefined : createInterface({ input: process.stdin, output: process.stdout });
  try {
    const answer = async (question: string) => isYes || /^y(?:es)?$/i.test(((await asking?.question(`${question} [y/n] `)) ?? "").trim());
    const { done, undecided } = await repair(all, sources, {
      ask: isAsked ? answer : undefined,
      tell: (line) => console.log(line),
      put: putter(`${url}/fhir`, token),
    });
    if (!isAsked) console.log("Nothing was written: without a terminal, repairs are only proposed; --yes carries them out.");
    if (undecided > 0) console.log(`${undecided} faults need a decision by people.`);
    // What was just written is final: no write is under way, so that no time has to be allowed for clocks.
    return done > 0 ? await checkData(sources, { ...options, clocksMs: 0 }) : report;
  } finally {
    asking?.close();
  }
}
