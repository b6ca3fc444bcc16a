/** How long other requests wait while one is processed. */
import type { FhirHttp } from "./fhir-http.ts";
import { usedMs } from "../../mesh/processor-time.ts";

/**
 * Reads `path` repeatedly, one read after the other, until `work` is done; returns how long the slowest read took: the processor time that this thread,
 * which runs the mesh, used meanwhile, in milliseconds. Time of other threads does not count, nor that in which the machine runs others, or nothing.
 */
export async function slowestWhile(work: Promise<unknown>, fhir: FhirHttp, path: string): Promise<number> {
  let isDone = false;
  let slowest = 0;
  const ended = work.finally(() => {
    isDone = true;
  });
  while (!isDone) {
    const begun = usedMs();
    expect((await fhir.get(path)).status).toBe(200);
    slowest = Math.max(slowest, usedMs() - begun);
  }
  await ended;
  return slowest;
}
