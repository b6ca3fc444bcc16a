/**
 * Imports FHIR data: transaction bundles (.json, .json.gz) and NDJSON (.ndjson, .ndjson.gz), files or folders of them.
 *
 *   npm run import -- samples                      into the server that runs here
 *   npm run import -- FOLDER --url http://host:3000 --parallel 8
 *   npm run import -- FOLDER --no-once             without looking for what is already there
 *
 * What fails is named, the rest goes on, and the exit code is 1. Ctrl-C: what is begun is finished; twice: at once.
 */
import { readConfig } from "../mesh/config.ts";
import { FhirClient, Unreachable } from "./import/client.ts";
import { filesIn } from "./import/files.ts";
import { importFiles } from "./import/importer.ts";
import { ownTokens } from "./identity/try-account.ts";
import { fhirBase, optionsOf } from "./import/options.ts";
import { Progress, summaryOf } from "./import/progress.ts";
import { gatewayUrl } from "./start/address.ts";
import { sentenceOf } from "./start/startup-error.ts";

const INTERRUPTED = 130; // what a shell reports for a program that Ctrl-C ended

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(sentenceOf(error, { host: "", port: 0 }));
  process.exitCode = 1;
}

async function main(args: string[]): Promise<number> {
  const config = readConfig();
  const { paths, base = fhirBase(gatewayUrl(config)), parallel, once } = optionsOf(args);
  const files = filesIn(paths);
  const tokens = await ownTokens(config, base.replace(/\/fhir$/, ""));
  const client = new FhirClient(base, tokens?.("system"));
  await client.reach();
  const progress = new Progress({ files: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) });
  const stop = new AbortController();
  process.on("SIGINT", () => {
    if (stop.signal.aborted) process.exit(INTERRUPTED);
    progress.say("Stopping after the requests in progress …");
    stop.abort();
  });
  progress.say(`Importing ${files.length} ${files.length === 1 ? "file" : "files"} into ${base} …`);
  let last: Parameters<typeof summaryOf>[0] | undefined;
  try {
    last = await importFiles({
      files,
      client,
      parallel,
      once,
      signal: stop.signal,
      onFault: ({ where, reason }) => progress.say(`failed  ${where}: ${reason}`),
      onProgress: (counts) => {
        last = counts;
        progress.show(counts);
      },
    });
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    progress.say(`The server at ${base} does not answer any more (${error.message}): the same command continues where this one ended.`);
    return 1;
  } finally {
    progress.clear();
    if (last) console.log(summaryOf(last, progress.seconds));
  }
  if (stop.signal.aborted) return INTERRUPTED;
  return last.failed > 0 ? 1 : 0;
}
