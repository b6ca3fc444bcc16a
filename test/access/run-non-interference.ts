/** Compares the two hospitals by a number of requests for each kind of rights; prints the first differences. */
import { RIGHTS } from "./hidden-hospital.ts";
import { differences } from "./non-interference.ts";

/** Differences printed for each kind of rights. */
const TOLD = 5;

/** @param cases for each kind of rights @returns whether there was no difference */
export async function runNonInterference(store: "sqlite" | "mongo", { cases, seed }: { cases: number; seed: number }): Promise<boolean> {
  let isSame = true;
  for (const rights of RIGHTS) {
    const found = await differences(rights, { cases, seed, store });
    isSame &&= found.length === 0;
    console.log(`${rights.role}, ${rights.scope}: ${cases} cases on ${store}, ${found.length} differences`);
    for (const { request, whole, without } of found.slice(0, TOLD)) console.log(JSON.stringify({ request, whole, without }, null, 1));
  }
  return isSame;
}
