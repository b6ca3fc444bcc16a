/** What a service writes by itself (`this.fhir`), on behalf of the request that it is handling or on its own behalf. */
import type { OwnerStep, StepResult } from "../../federation/owner-contract.ts";
import { asCommitted } from "../../federation/prepare-part.ts";
import { accessOf, asSystem } from "../../mesh/access/access.ts";
import { currentCall, noteWritten } from "../../mesh/access/current-call.ts";
import { workOf } from "../../mesh/caller.ts";
import { keyedCall, newPart, notePart } from "../../mesh/keyed-request.ts";
import { auditContextOf } from "./audit-log.ts";
import { writerOf } from "./own-authors.ts";
import type { OwnerService } from "./owner-service.ts";
import { RULES_CALLER, type WriteManner } from "./owner-writes.ts";
import { prepareUnder, resultOf } from "./write-actions.ts";

/** Writes the steps at once. Under an `Idempotency-Key` they are prepared, and committed together with the request's answer. */
export async function writeOwn(service: OwnerService, steps: OwnerStep[]): Promise<StepResult[]> {
  const call = keyedCall();
  const who = writerOfOwn(service);
  if (!call) {
    const how = { caller: asSystem(service.broker, RULES_CALLER), work: undefined, ...who };
    return (await service.writes.write(steps, how)).map(resultOf(true));
  }
  const { meta } = call;
  const tx = newPart(meta.keyed);
  const results = await prepareUnder(service, tx, steps, { caller: asSystem(call, RULES_CALLER), work: workOf(call), ...who }, true);
  notePart(meta, { tx, owner: service.name });
  return asCommitted(results, meta.keyed.at);
}

/** On whose behalf a service writes: that of the caller whose request it is handling, or its own. */
function writerOfOwn({ broker, name }: OwnerService): Pick<WriteManner, "author" | "writer" | "trail"> {
  const access = accessOf(broker);
  const call = currentCall();
  if (!call) return { author: access.systemAuthor(name) };
  noteWritten();
  return {
    author: access.authorOf(call),
    writer: writerOf(call, { isOwn: true }),
    trail: auditContextOf(call, { isRead: false }),
  };
}
