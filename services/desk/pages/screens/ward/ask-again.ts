/** The undo of what ended a request for admission or for a transfer. */
import type { hospitalizations as hospitalizationsContract } from "../../../../hospitalizations/hospitalizations.contract.ts";
import type { BoardStay, WaitingRequest } from "../../../../wards/board.contract.ts";
import { actionsOf } from "../../platform/api.ts";

const stays = actionsOf<typeof hospitalizationsContract>("hospitalizations");

/** What was denied, or has become a stay that was cancelled, stays so (rule encounter-status): requests the same again, and accepts it if it was accepted. */
export async function askAgain({ patient, kind, ward, reason, plannedFor, motherStay, needs, status }: WaitingRequest): Promise<void> {
  const { request } = await stays.request({
    patient,
    kind,
    needs,
    ...(ward !== undefined && { ward }),
    ...(reason !== undefined && { reason }),
    ...(plannedFor !== undefined && { plannedFor }),
    ...(motherStay !== undefined && { motherStay }),
  });
  if (status === "accepted") await stays.accept({ request });
}

/** A move ends what was requested before it: requests the same transfer again, and accepts it if it was accepted. */
export async function askTransferAgain({ stay, transfer }: BoardStay): Promise<void> {
  if (!transfer || transfer.status === "denied") return;
  await stays.requestTransfer({ stay, to: transfer.to });
  if (transfer.status === "accepted") await stays.acceptTransfer({ stay });
}

/** An undo in several steps, of which those that are done are not done again when it is tried again. */
export function inSteps(...steps: (() => Promise<unknown>)[]): () => Promise<void> {
  let done = 0;
  return async () => {
    for (; done < steps.length; done += 1) await steps[done]?.();
  };
}
