/**
 * `npm run demo [-- --url http://127.0.0.1:3000]`: the system with ten patients in it, and one day lived through its API. Uses the server that
 * is named, or that runs on the data folder; where none runs it starts one in this process, and leaves it running until Ctrl-C.
 */
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { type Config, readConfig } from "../mesh/config.ts";
import { ownTokens, type TokenSource, tryAccounts } from "./identity/try-account.ts";
import { liveOneDay } from "./demo/day.ts";
import { makePeople } from "./demo/demo-practitioners.ts";
import { fillWard } from "./demo/ward.ts";
import { ROLES } from "../services/identity/identity.contract.ts";
import { FhirClient, requireServer } from "./import/client.ts";
import { filesIn } from "./import/files.ts";
import { importFiles } from "./import/importer.ts";
import { fhirBase } from "./import/options.ts";
import { Progress, summaryOf } from "./import/progress.ts";
import { gatewayUrl } from "./start/address.ts";
import { runningIn } from "./start/data-folder.ts";
import { StartupError, sentenceOf } from "./start/startup-error.ts";

/** Roles of people; the other is of programs. */
const PEOPLE = ROLES.filter((role) => role !== "system");
const SAMPLES = join(import.meta.dirname, "../samples");
/** One type of each service that takes part in the day, which no other service owns. */
const PLAYED = ["Patient", "Practitioner", "Location", "Encounter", "ServiceRequest", "MedicationRequest", "Condition", "ChargeItem"];

let isOurs = false;
try {
  const given = givenUrl();
  const config = readConfig();
  isOurs = !given && runningIn(config.dataDir) === undefined;
  if (isOurs) await import("./serve.ts"); // prints its address, or why it cannot start, and handles Ctrl-C
  await show(given ?? gatewayUrl(config), config);
  if (isOurs) console.log("\nThe server runs until you press Ctrl-C; its data stays, and `npm start` brings it back.");
} catch (error) {
  console.error(sentenceOf(error, { host: "", port: 0 }));
  process.once("exit", () => {
    process.exitCode = 1;
  });
  if (isOurs) process.kill(process.pid, "SIGTERM"); // the server closes its stores first
}

/** The address of a gateway, without a slash at the end; undefined if none is given. @throws StartupError */
function givenUrl(): string | undefined {
  try {
    const { url } = parseArgs({ args: process.argv.slice(2), options: { url: { type: "string" } } }).values;
    return url === undefined ? undefined : fhirBase(url).replace(/\/fhir$/, "");
  } catch (error) {
    throw error instanceof StartupError
      ? error
      : new StartupError(`${(error as Error).message}\nusage: npm run demo [-- --url http://127.0.0.1:3000]`);
  }
}

/** @throws StartupError if there is no such server, or a service of the day is missing */
async function requireWhole(url: string): Promise<void> {
  await requireServer(url);
  const response = await fetch(`${url}/fhir/metadata`).catch(asStartupError);
  const { rest = [] } = (await response.json().catch(() => ({}))) as { rest?: { resource?: { type: string }[] }[] };
  const served = new Set(rest.flatMap(({ resource = [] }) => resource.map(({ type }) => type)));
  const missing = PLAYED.filter((type) => !served.has(type));
  if (missing.length === 0) return;
  throw new StartupError(
    `The demo plays a day of a whole hospital, and ${url} does not serve ${missing.join(", ")}: start it without SERVICES.`,
  );
}

async function show(url: string, config: Config): Promise<void> {
  await requireWhole(url);
  const tokens = await ownTokens(config, url);
  const accounts = tokens && config.token === undefined ? await tryAccounts(config, PEOPLE) : undefined;
  const people = tokens && accounts && (await makePeople(url, tokens, accounts).catch(asStartupError));
  console.log(`\nTen patients come from ${relative(process.cwd(), SAMPLES) || "."}:`);
  await importSamples(url, tokens?.("system"));

  console.log("\nOne day in the hospital:");
  const tell = (event: string, reference: string) => console.log(`  ${event.padEnd(66)} ${url}/fhir/${reference}`);
  const { patient, ward } = await liveOneDay(url, new Date().toISOString().slice(0, 23).replace("T", " "), tell, tokens).catch(
    asStartupError,
  );

  const isFilled = await fillWard(url, tokens, people?.get("try-physician"));
  if (isFilled) console.log("\nA ward with four patients, and two at the front desk, are there for the pages.");

  if (accounts) console.log(`\nThe pages are at ${url}/desk/. To sign in with:`);
  for (const { role, login, password } of accounts ?? []) console.log(`  ${role.padEnd(16)} ${login.padEnd(20)} ${password}`);
  const bearer = tokens ? ' -H "Authorization: Bearer $TOKEN"' : "";
  console.log(`\nNow ask for yourself:${accounts ? `\n  TOKEN=$(npm run --silent token -- --try physician)` : ""}
  curl '${url}/fhir/${patient}/$everything'${bearer}
  curl '${url}/fhir/Observation?subject:Patient.name=portillo&code=http://loinc.org|8302-2&_sort=-date&_count=3'${bearer}
  curl '${url}/api/wards/listBeds?ward=${ward}'${bearer}
or work in the hospital by its pages: ${url}/desk/ (what runs where: ${url}).`);
}

function asStartupError(error: Error): never {
  throw new StartupError(error.message);
}

async function importSamples(url: string, token: TokenSource | undefined): Promise<void> {
  const files = filesIn([SAMPLES]);
  const client = new FhirClient(fhirBase(url), token);
  await client.reach();
  const progress = new Progress({ files: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) });
  const counts = await importFiles({
    files,
    client,
    parallel: 2,
    once: true,
    onFault: ({ where, reason }) => progress.say(`  failed  ${where}: ${reason}`),
    onProgress: (now) => progress.show(now),
  });
  progress.clear();
  console.log(`  ${summaryOf(counts, progress.seconds)}`);
  if (counts.failed > 0) throw new StartupError("Some samples could not be imported.");
}
