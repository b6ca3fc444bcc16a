/**
 * Does it stay fast as it grows? `npm run bench -- shape [rounds] [one|cluster]`: imports the 60 records (13,991 resources) repeatedly (default 15:
 * 210,000 resources) and prints the rate of each round, then the cost of searches on first and later pages, and of chains over two and three services.
 */
import { Client, load, median, percentile, start, type Way } from "./kit.ts";

const PAGES = 500;
const SAMPLES = 100;

const [rounds = "15", way = "one"] = process.argv.slice(2);
const system = await start(way as Way);
const client = new Client(system.base);
try {
  await growing(Number(rounds));
  const patients = JSON.parse(await client.send("/Patient?_count=1")) as { entry: { resource: { name: { family: string }[] } }[] };
  const family = patients.entry[0]?.resource.name[0]?.family ?? "";
  for (const path of [
    "/Observation?_count=20",
    "/Observation?date=ge1950&_count=20",
    "/Observation?code=http://loinc.org%7C29463-7&_sort=-date&_count=20",
    "/Observation?encounter.date=ge1900&_count=20",
  ]) {
    await paging(path);
  }
  const weight = "code=http://loinc.org%7C29463-7";
  for (const path of [
    `/Observation?subject:Patient.name=${encodeURIComponent(family)}&${weight}&_count=20`,
    "/Observation?patient.gender=female&code=http://loinc.org%7C29463-7&_count=20",
    "/Condition?patient.birthdate=lt1950&_count=20",
    "/Condition?encounter.date=ge2015&code=http://snomed.info/sct%7C444814009&_count=20",
    `/Patient?_has:Observation:patient:${weight}&_count=20`,
    // Over more than 20,000 resources, which is too many to list.
    "/Patient?_has:Observation:patient:date=ge1900&_count=20",
    "/Observation?encounter.date=ge1900&_count=20",
    // Over three services.
    "/Observation?encounter.patient.gender=female&_count=20",
    "/Patient?_has:Observation:patient:encounter.date=ge1900&_count=20",
    `/Observation?${weight}&_sort=-date&_count=20`,
  ]) {
    await asking(path);
  }
  console.log(`${system.memory().rss} MB resident`);
} finally {
  client.close();
  await system.stop();
}

async function growing(rounds: number): Promise<void> {
  const rates: number[] = [];
  const machine: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const { resources_per_s, machine_mb_s, errors, first_error } = await load(system.base, "import", 0);
    if (errors) throw new Error(first_error);
    rates.push(resources_per_s);
    machine.push(machine_mb_s);
  }
  const ratio = Math.max(...rates.slice(-3)) / Math.max(...rates.slice(0, 3));
  console.log(`import, resources/s by round: ${rates.map(Math.round).join(", ")}; machine_mb_s ${machine.join(", ")}`);
  console.log(`the fastest of the last three rounds to the fastest of the first three: ${ratio.toFixed(2)}`);
}

async function paging(path: string): Promise<void> {
  const times: number[] = [];
  for (let next: string | undefined = path; next && times.length < PAGES; ) {
    const begin = performance.now();
    const page = JSON.parse(await client.send(next)) as { link: { relation: string; url: string }[] };
    times.push(performance.now() - begin);
    next = page.link.find(({ relation }) => relation === "next")?.url;
  }
  const [first, last] = [median(times.slice(1, 21)), median(times.slice(-20))];
  console.log(`${path}: pages 2-21 ${first.toFixed(1)} ms, pages ${times.length - 19}-${times.length} ${last.toFixed(1)} ms`);
}

async function asking(path: string): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < SAMPLES; i++) {
    const begin = performance.now();
    try {
      await client.send(path);
    } catch (error) {
      console.log(`${path}: ${(error as Error).message}`);
      return;
    }
    times.push(performance.now() - begin);
  }
  console.log(`${path}: p50 ${median(times).toFixed(1)} ms, p95 ${percentile(times, 0.95).toFixed(1)} ms`);
}
