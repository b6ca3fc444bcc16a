import { attendingOf } from "./open-encounters.ts";
import type { EncounterParticipant } from "./r4.ts";

describe("the attending physician of an encounter", () => {
  const taking = (name: string, code: string, end?: string): EncounterParticipant => ({
    type: [{ coding: [{ code: "LOCAL" }, { code }] }],
    individual: { display: name },
    ...(end !== undefined && { period: { end } }),
  });
  it.each([
    ["is the one whose time has not ended", [taking("Rossi", "ATND", "2026-03-01"), taking("Verdi", "ATND")], "Verdi"],
    ["is that one also if a former one is listed after", [taking("Verdi", "ATND"), taking("Rossi", "ATND", "2026-03-01")], "Verdi"],
    ["is nobody who only takes part", [taking("Rossi", "PART"), taking("Verdi", "ATND"), taking("Neri", "CON")], "Verdi"],
    ["is the last one after the encounter", [taking("Rossi", "ATND", "2026-03-01"), taking("Verdi", "ATND", "2026-03-02")], "Verdi"],
    ["is unknown if nobody is said to attend", [taking("Rossi", "PART")], undefined],
  ])("%s", (_, participant, name) => {
    expect(attendingOf({ participant })?.individual?.display).toBe(name);
  });
});
