/** Runs a number of random sequences while owners are killed one after the other; prints the outcomes. */
import { startMesh } from "../kit/mesh.ts";
import { HARMS } from "./harms.ts";
import { carryOut, judgeStored, SERVICES, type SequencesOptions, settled } from "./sequences.ts";

/** Sequences per hospital: as it fills up, each of its resources is chosen less often. */
const PER_HOSPITAL = 500;
const KILLED = ["pharmacy", "hospitalizations", "lab", "billing", "visits", "patients"];

/** @returns whether every invariant holds */
export async function runSequences(store: "sqlite" | "mongo", options: SequencesOptions): Promise<boolean> {
  const replicas = Object.fromEntries(KILLED.map((service) => [service, 2]));
  const mesh = await startMesh({ services: SERVICES, replicas, store });
  let isWhole = true;
  try {
    for (let done = 0; done < options.count && isWhole; done += PER_HOSPITAL) {
      const count = Math.min(PER_HOSPITAL, options.count - done);
      const { promise: stands, resolve: begun } = Promise.withResolvers<void>();
      const work = carryOut(mesh, { ...options, count, seed: options.seed + done, begun });
      let isOver = false;
      const harm = (async () => {
        await Promise.race([stands, work]);
        for (let index = done / PER_HOSPITAL; !isOver; index += 1) await HARMS.kill.harm(mesh, KILLED[index % KILLED.length] as string);
      })();
      const outcomes = Object.values(await work);
      isOver = true;
      await harm;
      await settled(mesh);
      const { findings, resources } = await judgeStored(mesh);
      isWhole = findings.length === 0;
      const sum = (name: "done" | "refused" | "unanswered") => outcomes.reduce((all, it) => all + it[name], 0);
      console.log(
        `${done + count} sequences: of the last ${sum("done")} steps done, ${sum("refused")} refused, ${sum("unanswered")} unanswered; ${resources} resources, ${findings.length} wrong`,
      );
      for (const { invariant, detail } of findings) console.log(`  ${invariant}: ${detail}`);
    }
  } finally {
    await mesh.stop();
  }
  return isWhole;
}
