/** How long other requests wait while one is processed. */
import type { FhirHttp } from "./fhir-http.ts";

/** Reads `path` repeatedly, one read after the other, until `work` is done; returns the slowest read in milliseconds. */
export async function slowestWhile(work: Promise<unknown>, fhir: FhirHttp, path: string): Promise<number> {
  let isDone = false;
  let slowest = 0;
  const ended = work.finally(() => {
    isDone = true;
  });
  while (!isDone) {
    const begun = performance.now();
    expect((await fhir.get(path)).status).toBe(200);
    slowest = Math.max(slowest, performance.now() - begun);
  }
  await ended;
  return slowest;
}
