/**
 * Simulates some days of a hospital, by chance and through its public API: `npm run simulate [-- --beds 300 --days 30 --seed 1 --parallel 8 --url …]`.
 * The system must run; `npm run check-data` afterwards checks the data.
 */
import { parseArgs } from "node:util";
import { readConfig } from "../mesh/config.ts";
import { rolesClient } from "./demo/roles-client.ts";
import { ownTokens } from "./identity/try-account.ts";
import { requireServer } from "./import/client.ts";
import { fhirBase } from "./import/options.ts";
import { buildHospital } from "./simulate/build-hospital.ts";
import { Hospital } from "./simulate/simulated-hospital.ts";
import { calendar } from "./simulate/time.ts";
import { gatewayUrl } from "./start/address.ts";
import { sentenceOf, StartupError } from "./start/startup-error.ts";

const USAGE = "usage: npm run simulate [-- --beds 300 --days 30 --seed 1 --parallel 8 --url http://127.0.0.1:3000]";
/** Largest value of each option. */
const LIMITS = { beds: 3_000, days: 366, seed: 2 ** 31 - 1, parallel: 64 };

try {
  const { beds, days, seed, parallel, url: given } = optionsOf(process.argv.slice(2));
  const config = readConfig();
  const url = given ?? gatewayUrl(config);
  await requireServer(url);
  const tokens = await ownTokens(config, url);
  const client = rolesClient(url, tokens);
  const begun = new Date();
  console.log(`A hospital of ${beds} beds lives ${days === 1 ? "a day" : `${days} days`} at ${url} (seed ${seed}).`);
  const lived = calendar(days, begun);
  const places = await buildHospital(client.call, { beds, name: `Simulated ${begun.toISOString()}`, at: lived.at(0, 0) });
  const hospital = new Hospital({ client, beds: places, calendar: lived, seed, parallel });
  for (let day = 0; day < days; day += 1) {
    await hospital.live(day);
    const { admissions = 0, discharges = 0, visits = 0, results = 0 } = hospital.done;
    console.log(`day ${day + 1}: ${admissions} admissions, ${discharges} discharges, ${visits} visits, ${results} results so far`);
  }
  for (const [what, count] of Object.entries(hospital.done).sort()) console.log(`${count} ${what}`);
  for (const [type, count] of Object.entries(hospital.refused)) console.log(`${count} refused: ${type}`);
  console.log(`In ${((Date.now() - begun.getTime()) / 1_000).toFixed(0)} s. To check the data: npm run check-data`);
} catch (error) {
  console.error(sentenceOf(error, { host: "", port: 0 }));
  process.exitCode = 1;
}

/** @throws StartupError */
function optionsOf(args: string[]): Record<keyof typeof LIMITS, number> & { url: string | undefined } {
  const option = (value: string) => ({ type: "string", default: value }) as const;
  let values: Record<keyof typeof LIMITS, string> & { url?: string | undefined };
  try {
    const options = { beds: option("300"), days: option("30"), seed: option("1"), parallel: option("8"), url: { type: "string" } } as const;
    values = parseArgs({ args, options }).values;
  } catch (error) {
    throw new StartupError(`${(error as Error).message}\n${USAGE}`);
  }
  const numbers = Object.entries(LIMITS).map(([name, most]): [string, number] => {
    const value = Number(values[name as keyof typeof LIMITS]);
    if (Number.isInteger(value) && value >= 1 && value <= most) return [name, value];
    throw new StartupError(`--${name} should be a whole number from 1 to ${most}.\n${USAGE}`);
  });
  const url = values.url === undefined ? undefined : fhirBase(values.url).replace(/\/fhir$/, "");
  return { ...(Object.fromEntries(numbers) as Record<keyof typeof LIMITS, number>), url };
}
