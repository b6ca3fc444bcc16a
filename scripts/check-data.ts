/** Looks through all that is stored for what cannot be: `npm run check-data`, beside a running system or without one. Nothing is changed. */
import { readConfig } from "../mesh/config.ts";
import { checkData } from "./check-data/check.ts";
import { closeAll, openSources } from "./check-data/sources.ts";
import { asText } from "./check-data/text.ts";
import { sentenceOf, StartupError } from "./start/startup-error.ts";

/** Resources between two lines of progress. */
const EVERY = 50_000;

try {
  const args = process.argv.slice(2);
  const unknown = args.find((arg) => arg !== "--json");
  if (unknown !== undefined) throw new StartupError(`${unknown} is not known. Usage: npm run check-data [-- --json]`);
  const config = readConfig();
  const sources = await openSources(config);
  try {
    let next = EVERY;
    const progress = (resources: number) => {
      if (resources < next) return;
      next = resources + EVERY;
      console.error(`${resources} resources …`);
    };
    const report = await checkData(sources, { rules: config.rules, progress });
    console.log(args.includes("--json") ? JSON.stringify(report, null, 2) : asText(report));
    if (report.findings.length > 0) process.exitCode = 2;
  } finally {
    await closeAll(sources);
  }
} catch (error) {
  console.error(sentenceOf(error, { host: "", port: 0 }));
  process.exitCode = 1;
}
