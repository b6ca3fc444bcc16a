/**
 * Loaded into a node before its program (`--import`): the clock of its process jumps when its parent says so, as a machine's does that is set:
 * `{ type: "clock", byMs }`, answered by `{ type: "set" }`. What measures durations (`performance.now()`, timers) goes on.
 */
const RealDate = Date;
let byMs = 0;

/** The process's `Date`, by the clock that was set. */
class ShiftedDate extends RealDate {
  constructor(...given: unknown[]) {
    if (given.length === 0) super(RealDate.now() + byMs);
    else super(...(given as [string]));
  }

  static override now(): number {
    return RealDate.now() + byMs;
  }
}
globalThis.Date = ShiftedDate as DateConstructor;

process.on("message", (message: { type?: string; byMs?: number }) => {
  if (message.type !== "clock") return;
  byMs = message.byMs ?? 0;
  process.send?.({ type: "set" });
});
process.channel?.unref(); // it keeps no process from ending
