/** The undo of what ended a request for admission. */
import type { hospitalizations as hospitalizationsContract } from "../../../../hospitalizations/hospitalizations.contract.ts";
import type { WaitingRequest } from "../../../../wards/board.contract.ts";
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
